// Contract: monitor/metrics/parameter_name.h. Oracle: names as frameworks write them.
#include "monitor/metrics/parameter_name.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gradvitals::test {
namespace {

TEST(ParameterName, KernelAndBiasOfOneLayerHaveOneKey) {
  const std::vector<std::pair<const char*, const char*>> pairs = {
      {"enc.0.weight", "enc.0.bias"},
      {"dense_1/kernel:0", "dense_1/bias:0"},
      {"['params']['Dense_1']['kernel']", "['params']['Dense_1']['bias']"},
      {"l1.kernel.value", "l1.bias.value"},
      {"W1", "b1"},
      {"h1_w", "h1_b"},
      {"attn.in_proj_weight", "attn.in_proj_bias"},
      {"rnn.weight_ih_l0", "rnn.bias_ih_l0"},
      {"l1.parametrizations.weight.original0", "l1.bias"},
      {"fc.weight_v", "fc.bias"},
      {"layer/vars/0", "layer/vars/1"},
  };
  for (const auto& [kernel, bias] : pairs) {
    EXPECT_EQ(layer_key(kernel), layer_key(bias)) << kernel << " " << bias;
  }
}

TEST(ParameterName, LayersHaveKeysOfTheirOwn) {
  EXPECT_NE(layer_key("W1"), layer_key("b2"));
  EXPECT_NE(layer_key("h1_w"), layer_key("h2_b"));
  EXPECT_NE(layer_key("enc.0.weight"), layer_key("enc.1.bias"));
  EXPECT_NE(layer_key("l1.parametrizations.weight.original0"), layer_key("l2.bias"));
  EXPECT_NE(layer_key("gate"), layer_key("scale"));
  EXPECT_EQ(layer_key(""), layer_key("."));
}

TEST(ParameterName, ABiasIsToldByItsRole) {
  for (const char* name : {"enc.0.bias", "b1", "h1_b", "['Dense_0']['bias']", "Bias:0"}) {
    EXPECT_TRUE(says_bias(name)) << name;
  }
  for (const char* name : {"enc.0.weight", "w1", "blob", "bias.weight", "", "rgb"}) {
    EXPECT_FALSE(says_bias(name)) << name;
  }
}

TEST(ParameterName, AnEmbeddingIsToldByItsName) {
  for (const char* name : {"embed_tokens.weight", "transformer.wte.weight", "char_emb.weight",
                           "tok.weight", "lookup/table", "params/token_embedder/embedding"}) {
    EXPECT_TRUE(says_embedding(name)) << name;
  }
  for (const char* name : {"fc1.weight", "member.weight", "stem.0.weight", "tokenless"}) {
    EXPECT_FALSE(says_embedding(name)) << name;
  }
}

TEST(ParameterName, ExpertsOfOneKindShareTheRestOfTheirName) {
  EXPECT_EQ(expert_kind("mlp.experts.3.w1"), "mlp.experts.*.w1");
  EXPECT_EQ(expert_kind("mlp/Expert_12/kernel"), "mlp/Expert_*/kernel");
  EXPECT_EQ(expert_kind("experts.a.expert.7"), "experts.a.expert.*");
  for (const char* name :
       {"mlp.experts.w1", "expert", "experts.", "expertise.3.w", "fc.3.weight"}) {
    EXPECT_EQ(expert_kind(name), "") << name;
  }
}

}  // namespace
}  // namespace gradvitals::test
