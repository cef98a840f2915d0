// Contract: training/network_plan.h. Oracle: build_model() and make_model(), which know no plans.
#include "training/network_plan.h"

#include <gtest/gtest.h>

#include "framework/io/make_model.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/texts.h"
#include "tests/training/training_fixtures.h"

namespace gradvitals::test {
namespace {

class NetworkPlanTest : public testing::Test {
 protected:
  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
};

ModelFile file_of_two_layers() {
  return {.layers = {{.kernel_name = "layers.0.kernel",
                      .bias_name = "layers.0.bias",
                      .inputs = 2,
                      .outputs = 3,
                      .kernel = {1, 2, 3, 4, 5, 6},
                      .bias = {7, 8, 9},
                      .activation = Activation::kTanh},
                     {.kernel_name = "layers.1.kernel",
                      .bias_name = "",
                      .inputs = 3,
                      .outputs = 1,
                      .kernel = {1, -1, 2},
                      .bias = {},
                      .activation = Activation::kLinear}},
          .loss = LossKind::kMse};
}

TEST_F(NetworkPlanTest, OfTheNotebookMakesItsNetworksToTheBit) {
  for (const NotebookNetwork network :
       {NotebookNetwork::kSigmoid, NotebookNetwork::kRelu, NotebookNetwork::kExploding}) {
    const NetworkOptions options = {.seed = 5, .features = 7, .head = Activation::kTanh};
    const Sequential planned = build_network(stream_, plan_of(network, options));
    const Sequential made = notebook_network(stream_, network, options);
    EXPECT_EQ(planned.summary(), made.summary());
    EXPECT_EQ(weight_bits(planned), weight_bits(made));
  }
}

TEST_F(NetworkPlanTest, WhatDoesNotFitIntoMemoryIsRefusedByItsSize) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's operator new ends the process instead of throwing";
#endif
  const std::string said = [&]() -> std::string {
    try {
      build_model(stream_, parse_model_spec("1000000000-1000000000-relu-8-1"));
    } catch (const ModelMemoryError& error) {
      return error.what();
    }
    return "nothing was refused";
  }();
  EXPECT_TRUE(contains(said, "\"1000000000-1000000000-relu-8-1\": its 1e+18 parameters take 4 EB"))
      << said;
  EXPECT_TRUE(contains(said, "dense layer 1, 1000000000 x 1000000000: 4 EB")) << said;
}

TEST_F(NetworkPlanTest, OfASpecMakesTheModelOfTheSpec) {
  const ModelSpec spec =
      parse_model_spec("4-8-sigmoid-6-layernorm-relu-residual-dropout0.1-6-tanh-add-3");
  const ModelOptions options = {.name = "Net", .seed = 7, .kernel_initializer = HeNormal{}};
  const Sequential planned = build_network(stream_, plan_of(spec, options));
  const Sequential direct = build_model(stream_, spec, options);
  EXPECT_EQ(planned.summary(), direct.summary());
  EXPECT_EQ(weight_bits(planned), weight_bits(direct));
}

TEST_F(NetworkPlanTest, OfAFileMakesTheModelOfTheFile) {
  const ModelFile file = file_of_two_layers();
  const Sequential planned = build_network(stream_, plan_of(file, 1));
  const Sequential direct = make_model(stream_, file);
  EXPECT_EQ(planned.summary(), direct.summary());
  EXPECT_EQ(weight_bits(planned), weight_bits(direct));
  EXPECT_EQ(planned.parameters()[0]->name, "layers.0.kernel");
}

TEST_F(NetworkPlanTest, KeepsALayerWithoutBiasSoWhereItsValuesAreNew) {
  NetworkPlan plan = plan_of(file_of_two_layers(), 1);
  for (DensePlan* const block : dense_plans(plan)) block->values.reset();
  const Sequential model = build_network(stream_, plan);
  EXPECT_EQ(model.parameter_count(), 6 + 3 + 3);
  EXPECT_NE(weight_bits(model), weight_bits(make_model(stream_, file_of_two_layers())));
}

TEST_F(NetworkPlanTest, HasATextThatDescribesTheSameNetwork) {
  for (const char* const words :
       {"2-8-relu-3", "4-4-tanh-residual-4-layernorm-tanh-add-residual-4-relu-add-1",
        "4-relu-4-linear-sigmoid-dropout0.5-1-sigmoid"}) {
    EXPECT_EQ(text(plan_of(parse_model_spec(words))), words);
  }
}

TEST_F(NetworkPlanTest, RefusesResidualBlocksWithoutBeginningOrEnd) {
  NetworkPlan open = plan_of(parse_model_spec("4-4-tanh-1"));
  open.parts.emplace_back(ResidualBegin{});
  expect_invalid([&] { build_network(stream_, open); }, {"residual block has no end"});
  NetworkPlan closed = plan_of(parse_model_spec("4-4-tanh-1"));
  closed.parts.emplace_back(ResidualEnd{});
  expect_invalid([&] { build_network(stream_, closed); }, {"has no beginning"});
}

}  // namespace
}  // namespace gradvitals::test
