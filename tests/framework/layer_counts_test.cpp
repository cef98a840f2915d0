// Contract: Sequential::layer_counts() and set_layer_counts(). Oracle: a model that runs without a break.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/layers/dropout.h"
#include "framework/layers/layer_norm.h"
#include "framework/layers/residual.h"
#include "framework/sequential.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

class LayerCountsTest : public DeviceTest {
 protected:
  Sequential dropping_model() {
    return Sequential(stream(), {.name = "Mlp", .input_shape = {4}, .seed = 3}, Dropout(0.5),
                      Residual(LayerNorm(), Dropout(0.3), Residual(Dropout(0.2))), Dropout(0.1));
  }
  std::vector<float> run(const Sequential& model, Tape::Options options = {}) {
    Tape tape(stream(), options);
    const Tensor x = initialize(stream(), RandomNormal{.stddev = 1}, {6, 4}, {1, 1});
    return model.forward(tape, x).to_host<float>();
  }
  static std::vector<LayerCount> counts_of(std::uint64_t count) {
    return {{"dropout/counter", count},
            {"residual/dropout/counter", count},
            {"residual/residual/dropout/counter", count},
            {"dropout_1/counter", count}};
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, LayerCountsTest, all_devices(), device_name);

TEST_P(LayerCountsTest, AResumedModelDropsWhatAnUnbrokenOneDrops) {
  const Sequential unbroken = dropping_model();
  for (int i = 0; i < 3; ++i) run(unbroken);
  std::vector<LayerCount> counts = unbroken.layer_counts(stream());
  std::swap(counts.front(), counts.back());
  Sequential resumed = dropping_model();
  EXPECT_NE(run(resumed), run(unbroken));
  resumed.set_layer_counts(stream(), counts);
  const Sequential reference = dropping_model();
  for (int i = 0; i < 3; ++i) run(reference);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(resumed), run(reference)) << i;
}

TEST_P(LayerCountsTest, AreNamedByTheirLayersAndCountRunsInTraining) {
  const Sequential model = dropping_model();
  EXPECT_EQ(model.layer_counts(stream()), counts_of(0));
  run(model);
  run(model);
  run(model, {.training = false});
  EXPECT_EQ(model.layer_counts(stream()), counts_of(2));
}

TEST_P(LayerCountsTest, AreSetExactly) {
  Sequential model = dropping_model();
  const std::uint64_t large = (std::uint64_t{1} << 63) + 1;
  model.set_layer_counts(stream(), counts_of(large));
  EXPECT_EQ(model.layer_counts(stream()), counts_of(large));
}

TEST_P(LayerCountsTest, AModelWithoutDropoutHasNone) {
  Sequential model(stream(), {.name = "Mlp", .input_shape = {4}}, Dense(2), LayerNorm());
  EXPECT_TRUE(model.layer_counts(stream()).empty());
  model.set_layer_counts(stream(), {});
  expect_invalid([&] { model.set_layer_counts(stream(), counts_of(1)); },
                 {"'Mlp'", "'dropout/counter' is of none of its layers"});
  EXPECT_TRUE(Dropout(0.5).counters().empty()) << "before it is built";
}

TEST_P(LayerCountsTest, WhatDoesNotFitIsNamedAndNothingIsSet) {
  Sequential model = dropping_model();
  std::vector<LayerCount> counts = counts_of(7);
  counts.push_back({"dropout_2/counter", 7});
  expect_invalid([&] { model.set_layer_counts(stream(), counts); },
                 {"Sequential 'Mlp'", "'dropout_2/counter' is of none of its layers"});
  counts.back() = counts.front();
  expect_invalid([&] { model.set_layer_counts(stream(), counts); },
                 {"'dropout/counter' is there twice"});
  counts = counts_of(7);
  counts.pop_back();
  expect_invalid([&] { model.set_layer_counts(stream(), counts); },
                 {"'dropout_1/counter' is missing"});
  EXPECT_EQ(model.layer_counts(stream()), counts_of(0));
}

}  // namespace
}  // namespace gradvitals::test
