// Contract: names are cut to what has room, and those that differ stay different.
#include "monitor/report/shortened_names.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "kernels/runtime/utf8.h"

namespace gradvitals::test {
namespace {

using Texts = std::vector<std::string>;

std::size_t length_of(std::string_view text) {
  std::size_t length = 0;
  while (!text.empty()) {
    take_code_point(text);
    ++length;
  }
  return length;
}

void expect_distinct(const Texts& labels, std::size_t longest) {
  EXPECT_EQ(std::set<std::string>(labels.begin(), labels.end()).size(), labels.size())
      << testing::PrintToString(labels);
  for (const std::string& label : labels) EXPECT_LE(length_of(label), longest) << label;
}

/// The adapters of two blocks, as PEFT names them.
Texts lora_names() {
  Texts names;
  for (const char* block : {"1", "12"}) {
    for (const char* module :
         {"self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj", "mlp.gate_proj"}) {
      for (const char* matrix : {"lora_A", "lora_B"}) {
        names.push_back("base_model.model.model.layers." + std::string(block) + "." + module + "." +
                        matrix + ".default.weight");
      }
    }
  }
  return names;
}

TEST(ShortenedNames, LoseWhatTellsLeast) {
  EXPECT_EQ(shortened("dense/kernel", 12), "dense/kernel");
  EXPECT_EQ(shortened("abcdefghijkl", 7), "abc…jkl");
  EXPECT_EQ(shortened("ääääääääääää", 7), "äää…äää");
  EXPECT_EQ(shortened_names({"model.h.0.weight", "model.h.1.bias"}, 10),
            (Texts{"0.weight", "1.bias"}));
  EXPECT_EQ(shortened_names({"model.h.0", "model.h.1"}, 10), (Texts{"model.h.0", "model.h.1"}));
  EXPECT_TRUE(shortened_names({}, 10).empty());
}

TEST(ShortenedNames, OfAdaptersKeepBlockModuleAndMatrix) {
  const Texts labels = shortened_names(lora_names(), 20);
  expect_distinct(labels, 20);
  EXPECT_EQ(labels[0], "1…q_proj.lora_A");
  EXPECT_EQ(labels[15], "12…gate_proj.lora_B");
}

TEST(ShortenedNames, OfAdaptersBesideAHeadStayDistinct) {
  Texts names = lora_names();
  names.emplace_back("base_model.model.score.modules_to_save.default.weight");
  const Texts labels = shortened_names(names, 20);
  expect_distinct(labels, 20);
  EXPECT_NE(labels[0].find("q_proj.lora_A"), std::string::npos) << labels[0];
}

TEST(ShortenedNames, OfJaxPathsLoseTheirBracketsAndWhatAllShare) {
  EXPECT_EQ(shortened_names({"['params']['encoder']['layer_3']['kernel']",
                             "['params']['encoder']['layer_3']['bias']",
                             "['params']['encoder']['layer_4']['kernel']"},
                            20),
            (Texts{"layer_3/kernel", "layer_3/bias", "layer_4/kernel"}));
}

TEST(ShortenedNames, AreCutWhereTheyDoNotDiffer) {
  const std::string start(12, 'a'), end(12, 'z');
  const Texts names = {start + "q" + end, start + "v" + end, start + start + end};
  expect_distinct(shortened_names(names, 20), 20);
}

TEST(ShortenedNames, ThatNoCutKeepsApartAreNumbered) {
  const std::string fill(30, 'x');
  const Texts labels = shortened_names({fill + "1" + fill, fill + "2" + fill, "other"}, 20);
  expect_distinct(labels, 20);
  EXPECT_TRUE(labels[0].starts_with("1 xxx")) << labels[0];
  EXPECT_EQ(labels[2], "other");
}

TEST(ShortenedNames, OfOneNameAreTheSame) {
  const std::string name = "a_name_that_is_much_too_long_for_any_label";
  const Texts labels = shortened_names({name, name}, 20);
  EXPECT_EQ(labels[0], labels[1]);
  EXPECT_EQ(length_of(labels[0]), 20U);
}

TEST(ShortenedNames, ThatBeginOrEndWithSeparatorsAreNoTrouble) {
  expect_distinct(shortened_names({"....", "/", "", ".a.b.c.d.e.f.g.h.i.j.k.", "//"}, 10), 10);
}

}  // namespace
}  // namespace gradvitals::test
