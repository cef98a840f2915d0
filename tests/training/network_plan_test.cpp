// Contract: training/network_plan.h. Oracle: build_model() and make_model(), which know no plans.
#include "training/network_plan.h"

#include <gtest/gtest.h>

#include "framework/io/make_model.h"
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

TEST_F(NetworkPlanTest, OfASpecMakesTheModelOfTheSpec) {
  const ModelSpec spec = parse_model_spec("4-8-sigmoid-6-layernorm-relu-dropout0.1-3");
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
  for (DenseBlock* const block : dense_blocks(plan)) block->values.reset();
  const Sequential model = build_network(stream_, plan);
  EXPECT_EQ(model.parameter_count(), 6 + 3 + 3);
  EXPECT_NE(weight_bits(model), weight_bits(make_model(stream_, file_of_two_layers())));
}

TEST_F(NetworkPlanTest, NormalisesAndConnectsWhereABlockSaysSo) {
  NetworkPlan plan = plan_of(parse_model_spec("4-4-tanh-4-tanh-1"));
  dense_blocks(plan)[0]->has_layer_norm = true;
  dense_blocks(plan)[1]->has_layer_norm = true;
  dense_blocks(plan)[1]->is_residual = true;
  const Sequential model = build_network(stream_, plan);
  // Two kernels of 16 with 4 biases and 8 numbers of LayerNorm each, and the head.
  EXPECT_EQ(model.parameter_count(), 2 * (16 + 4 + 8) + 5);

  Tape tape(stream_);
  const Tensor y = model.forward(tape, Tensor::zeros(stream_, {2, 4}));
  EXPECT_EQ(y.shape(), (Shape{2, 1}));
  EXPECT_EQ(text(plan), "4-4-layernorm-tanh-residual(4-layernorm-tanh)-1");
}

TEST_F(NetworkPlanTest, CountsPartsThatAreAlikeInItsText) {
  EXPECT_EQ(text(plan_of(parse_model_spec("2-8-relu-8-relu-8-relu-1"))), "2-3x(8-relu)-1");
  EXPECT_EQ(text(plan_of(parse_model_spec("2-8-relu-8-relu-dropout0.5-1"))),
            "2-8-relu-8-relu-dropout0.5-1");
}

}  // namespace
}  // namespace gradvitals::test
