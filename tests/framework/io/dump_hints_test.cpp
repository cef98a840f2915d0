// Contract under test: framework/io/dump_hints.h: a hint where the names or values are those of
// something else than gradients, and silence where they are not.
#include "framework/io/dump_hints.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

struct Named {
  std::string name;
  std::vector<float> values = {0.5F, -0.5F, 0.25F, 0.1F};
};

std::vector<std::string> hints_on(const std::vector<Named>& tensors,
                                  const std::map<std::string, std::string>& metadata = {}) {
  std::vector<SafetensorsEntry> entries;
  for (const Named& tensor : tensors) {
    entries.push_back({.name = tensor.name,
                       .dtype = DType::kFloat32,
                       .shape = {std::ssize(tensor.values)},
                       .count = std::ssize(tensor.values),
                       .bytes = std::as_bytes(std::span(tensor.values))});
  }
  std::ostringstream out;
  write_safetensors(out, entries, metadata);
  return hints(TensorDump(TemporaryFile(out.str()).path()));
}

void expect_hint(const std::vector<std::string>& found, std::string_view words) {
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find(words), std::string::npos) << found[0];
}

TEST(DumpHints, ALongNameIsCutShortInItsMiddle) {
  const std::string name = "first/" + std::string(100'000, 'x') + "/exp_avg";
  const auto found = hints_on({{name}});
  expect_hint(found, "first/xxxx");
  expect_hint(found, "xxxx/exp_avg");
  EXPECT_LT(found.at(0).size(), 400U);
}

TEST(DumpHints, AnOptimizersStateIsNamed) {
  expect_hint(hints(TensorDump(test_data("golden/public/formats/optimizer.safetensors"))),
              "exp_avg, exp_avg_sq");
  expect_hint(hints_on({{"state.0.momentum_buffer"}, {"state.0.x"}}),
              "1 of 2 tensors are an optimizer's state by their names (momentum_buffer: "
              "\"state.0.momentum_buffer\")");
  // Keras before version 3, Keras 3, optax.
  expect_hint(hints_on({{"Adam/m/dense/kernel"}, {"Adam/v/dense/kernel"}}), "2 of 2");
  expect_hint(hints_on({{"dense/kernel/Adam"}, {"dense/kernel"}}), "1 of 2");
  expect_hint(hints_on({{"adam/dense_kernel_momentum"}, {"adam/dense_kernel_velocity"}}), "2 of 2");
  expect_hint(hints_on({{"0/mu/w"}, {"0/nu/w"}}), "mu, nu");
}

TEST(DumpHints, NamesThatOnlyResembleASlotAreNone) {
  EXPECT_EQ(hints_on({{"attention.q.weight"}, {"attention.v.weight"}, {"m.weight"}}),
            std::vector<std::string>{});
  EXPECT_EQ(hints_on({{"exp_average.weight"}, {"momentum_encoder.weight"}}),
            std::vector<std::string>{});
}

TEST(DumpHints, BuffersAndWeightsOfANormalisationLookLikeAModel) {
  expect_hint(hints_on({{"bn.running_mean"}, {"bn.weight"}}), "\"bn.running_mean\" is a buffer");
  const TemporaryFile counter(safetensors_bytes(
      R"({"bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})",
      std::string(8, '\0')));
  expect_hint(hints(TensorDump(counter.path())), "num_batches_tracked");
  expect_hint(hints_on({{"h.0.ln_1.weight", {1, 0.9F, 1.2F, 1.1F}}, {"h.0.attn.weight"}}),
              "about 1");
  expect_hint(hints_on({{"layer_normalization/gamma", {1, 1, 1, 1}}}), "about 1");
}

TEST(DumpHints, AFileForCheckupIsAModel) {
  expect_hint(hints_on({{"layers.0.kernel"}}, {{"activations", "relu"}, {"loss", "mse"}}),
              "`gradvitals checkup`");
  expect_hint(hints(TensorDump(test_data("golden/models/deep_sigmoid.model.safetensors"))),
              "\"activations\"");
}

TEST(DumpHints, GradientsGiveNoHint) {
  const std::map<std::string, std::string> format{{"format", "pt"}};
  EXPECT_EQ(hints_on({{"ln_1.weight"}, {"norm.bias", {1, 1, 1, 1}}}, format),
            std::vector<std::string>{});
  // One normalisation of several is not enough, nor are a few elements.
  EXPECT_EQ(hints_on({{"ln_1.weight", {1, 1, 1, 1}}, {"ln_2.weight"}}), std::vector<std::string>{});
  EXPECT_EQ(hints_on({{"ln.weight", {1, 1}}}), std::vector<std::string>{});
  EXPECT_EQ(hints_on({{"ln.weight", {1, 1, 1, NAN}}}), std::vector<std::string>{});
  for (const char* name : {"transformer", "convnet", "torch_lstm_bf16", "torch_transformer_f32"}) {
    const std::string path = test_data("golden/gradients/" + std::string(name) + ".safetensors");
    EXPECT_EQ(hints(TensorDump(path)), std::vector<std::string>{}) << name;
  }
}

}  // namespace
}  // namespace gradvitals::test
