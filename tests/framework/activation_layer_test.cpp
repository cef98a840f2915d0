// Contract: framework/layers/activation_layer.h, in models and to the monitor. Oracle: the op. Gradients
// are checked in gradients_test.cpp.
#include "framework/layers/activation_layer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/layers/layer_norm.h"
#include "framework/losses.h"
#include "framework/ops.h"
#include "framework/sequential.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

class ActivationLayerTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, ActivationLayerTest, all_devices(), device_name);

TEST_P(ActivationLayerTest, AppliesEveryActivationToSamplesOfAnyShape) {
  std::vector<float> values;
  for (int i = -15; i < 15; ++i) values.push_back(0.3F * static_cast<float>(i));
  const Tensor x = Tensor::from_host<float>(stream(), {5, 3, 2}, values);
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    const Sequential model(stream(), {.name = "Mlp", .input_shape = {3, 2}},
                           ActivationLayer(activation));
    EXPECT_EQ(model.output_shape(), Shape({3, 2}));
    Tape tape(stream());
    const Tensor y = model.forward(tape, x);
    EXPECT_EQ(y.shape(), x.shape());
    EXPECT_EQ(y.to_host<float>(), activate(tape, x, activation).to_host<float>());
  }
}

TEST_P(ActivationLayerTest, IsNoLayerToTheMonitorAndLeavesTheOthersTheirNumbers) {
  const Sequential model(stream(), {.name = "Mlp", .input_shape = {4}},
                         ActivationLayer(Activation::kTanh), Dense(3), LayerNorm(),
                         ActivationLayer(Activation::kRelu), Dense(2));
  Tape tape(stream());
  const Tensor x = initialize(stream(), RandomNormal{.stddev = 1}, {6, 4}, {1, 1});
  const Tensor loss = mse(tape, model.forward(tape, x), Tensor::zeros(stream(), {6, 2}));
  const Gradients gradients = tape.gradient(loss, model.trainable_variables());
  const auto places = [](const std::vector<TensorView>& views) {
    std::vector<std::string> texts;
    for (const TensorView& view : views) {
      texts.push_back(std::string(view.name) + " " + std::to_string(view.layer));
    }
    return texts;
  };
  const std::vector<std::string> expected{"dense/kernel 0",      "dense/bias 0",
                                          "layer_norm/gamma -1", "layer_norm/beta -1",
                                          "dense_1/kernel 1",    "dense_1/bias 1"};
  EXPECT_EQ(places(model.views()), expected);
  EXPECT_EQ(places(tape.gradient_views()), expected);
  for (const TensorView& view : tape.gradient_views()) EXPECT_EQ(view.network, 0) << view.name;
}

TEST_P(ActivationLayerTest, IsListedWithItsActivation) {
  const Sequential model(stream(), {.name = "Mlp", .input_shape = {4}},
                         ActivationLayer(Activation::kRelu), ActivationLayer(Activation::kGelu));
  EXPECT_EQ(model.summary(),
            "Mlp, input (batch, 4)\n"
            "  activation   relu           (batch, 4)            0\n"
            "  activation_1 gelu           (batch, 4)            0\n"
            "  parameters                                        0\n");
}

TEST_P(ActivationLayerTest, RefusesNone) {
  expect_invalid([] { return ActivationLayer(Activation::kNone).kind(); },
                 {"ActivationLayer", "none", "linear"});
}

}  // namespace
}  // namespace gradvitals::test
