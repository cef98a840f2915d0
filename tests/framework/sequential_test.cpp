// Contract: framework/sequential.h and framework/layers/dense.h.
#include "framework/sequential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

using test::expect_invalid;

class SequentialTest : public ::testing::Test {
 protected:
  Stream stream{{.device = DeviceType::kCpu, .threads = 1}};

  Sequential model(std::string name = "Mlp", std::uint64_t seed = 1) {
    return Sequential(stream, {.name = std::move(name), .input_shape = {10}, .seed = seed},
                      Dense(64, Activation::kRelu), Dense(1, Activation::kSigmoid));
  }
  std::vector<float> values(const Parameter* parameter) {
    return parameter->value.to_host<float>();
  }
};

std::vector<std::string> names(const std::vector<Parameter*>& parameters) {
  std::vector<std::string> result;
  for (const Parameter* parameter : parameters) result.emplace_back(parameter->name);
  return result;
}

TEST_F(SequentialTest, NamesParametersAsKerasDoes) {
  Sequential network = model();
  network.add(Dense(2));
  const std::vector<std::string> expected{"dense/kernel", "dense/bias",     "dense_1/kernel",
                                          "dense_1/bias", "dense_2/kernel", "dense_2/bias"};
  EXPECT_EQ(names(network.trainable_variables()), expected);
  EXPECT_EQ(network.trainable_variables()[4]->value.shape(), Shape({1, 2}));
}

TEST_F(SequentialTest, ALayerWithoutBiasHasAKernelAlone) {
  const Sequential network(stream, {.name = "Mlp", .input_shape = {3}},
                           Dense(2, Activation::kRelu, {.use_bias = false}));
  EXPECT_EQ(names(network.parameters()), std::vector<std::string>{"dense/kernel"});
  EXPECT_EQ(network.parameter_count(), 6);
}

TEST_F(SequentialTest, FrozenParametersAreNotTrainable) {
  const Sequential network = model();
  network.parameters()[1]->trainable = false;
  const std::vector<std::string> expected{"dense/kernel", "dense_1/kernel", "dense_1/bias"};
  EXPECT_EQ(names(network.trainable_variables()), expected);
  EXPECT_EQ(network.parameters().size(), 4u);
  EXPECT_EQ(network.parameter_count(), 10 * 64 + 64 + 64 + 1);
}

TEST_F(SequentialTest, InitializersFillKernelAndBias) {
  const Sequential network(
      stream, {.name = "Mlp", .input_shape = {2}},
      Dense(2, Activation::kLinear,
            {.kernel_initializer = Constant{0.5}, .bias_initializer = Ones{}}));
  EXPECT_EQ(values(network.parameters()[0]), std::vector<float>(4, 0.5f));
  EXPECT_EQ(values(network.parameters()[1]), std::vector<float>(2, 1.0f));
  Tape tape(stream);
  const auto x = Tensor::from_host<float>(stream, {1, 2}, std::vector{1.0f, 2.0f});
  EXPECT_EQ(network.forward(tape, x).to_host<float>(), std::vector<float>(2, 2.5f));
}

TEST_F(SequentialTest, KernelsAreGlorotUniformAndBiasesZeroByDefault) {
  const Sequential network = model();
  const double limit = std::sqrt(6.0 / (10 + 64));
  const std::vector<float> kernel = values(network.parameters()[0]);
  for (const float value : kernel) EXPECT_LE(std::fabs(value), limit);
  EXPECT_GT(*std::max_element(kernel.begin(), kernel.end()), 0.95 * limit);
  EXPECT_EQ(values(network.parameters()[1]), std::vector<float>(64, 0.0f));
}

TEST_F(SequentialTest, SeedAndNameDecideTheWeights) {
  const auto kernel = [&](const Sequential& network) { return values(network.parameters()[0]); };
  EXPECT_EQ(kernel(model()), kernel(model()));
  EXPECT_NE(kernel(model("Mlp", 1)), kernel(model("Mlp", 2)));
  EXPECT_NE(kernel(model("Mlp")), kernel(model("Other")));
}

TEST_F(SequentialTest, AnAddedLayerChangesNoOtherWeights) {
  Sequential longer = model();
  longer.add(Dense(3));
  EXPECT_EQ(values(longer.parameters()[2]), values(model().parameters()[2]));
}

TEST_F(SequentialTest, MovingTheModelLeavesItsParametersWhereTheyAre) {
  Sequential network = model();
  const std::vector<Parameter*> before = network.parameters();
  const Sequential moved = std::move(network);
  EXPECT_EQ(moved.parameters(), before);
}

TEST_F(SequentialTest, RefusesInputsThatDoNotFit) {
  const Sequential network = model();
  Tape tape(stream);
  expect_invalid(
      [&] {
        return network.forward(tape, Tensor::zeros(stream, {5, 11}));
      },
      {"'dense/kernel'", "(10, 64)", "(5, 11)"});
  expect_invalid([&] { return Sequential(stream, {.name = "Mlp", .input_shape = {0}}).name(); },
                 {"Sequential", "'Mlp'", "(0,)"});
  expect_invalid([&] { return Sequential(stream, {.name = "Mlp"}).name(); },
                 {"Sequential", "'Mlp'", "()"});
  expect_invalid([] { return Dense(0).kind(); }, {"Dense", "units is 0"});
  expect_invalid([] { return Dense(1, Activation::kNone).kind(); }, {"Dense", "none"});
}

TEST_F(SequentialTest, ALayerThatDoesNotTakeTheShapeBeforeItIsNamedWithIt) {
  expect_invalid(
      [&] {
        return Sequential(stream, {.name = "Mlp", .input_shape = {4, 3}}, Dense(2)).name();
      },
      {"layer 'dense'", "(4, 3)"});
  expect_invalid([] { return Dense(2).output_shape({}); }, {"layer 'dense'", "()"});
}

TEST_F(SequentialTest, ShapesPassThroughTheLayers) {
  EXPECT_EQ(model().output_shape(), Shape({1}));
  EXPECT_EQ(Dense(7).output_shape({3}), Shape({7}));
}

TEST_F(SequentialTest, SummaryListsLayersAndCounts) {
  EXPECT_EQ(model().summary(),
            "Mlp, input (batch, 10)\n"
            "  dense        relu          (batch, 64)          704\n"
            "  dense_1      sigmoid        (batch, 1)           65\n"
            "  parameters                                      769\n");
}

}  // namespace
}  // namespace gradvitals
