// Contract: layers and networks in Tape::views(), and the names that a monitor gives them.
// Oracle: chains told apart by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "framework/ops.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"
#include "tests/support/devices.h"

namespace gradvitals {
namespace {

class TapeNetworksTest : public test::DeviceTest {
 protected:
  Sequential mlp(const char* name) {
    return Sequential(stream(), {.name = name, .input_shape = {3}, .seed = 1},
                      Dense(3, Activation::kTanh), Dense(3, Activation::kTanh),
                      Dense(3, Activation::kTanh));
  }
  Tensor x() { return initialize(stream(), RandomNormal{.stddev = 1}, {5, 3}, {1, 1}); }

  /// A square layer on the tape, named by one word.
  Tensor layer(Tape& tape, const char* name, const Tensor& input) {
    const Parameter kernel{std::string(name) + "/kernel", Tensor::zeros(stream(), {3, 3})};
    return dense(tape, input, kernel, Activation::kTanh);
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, TapeNetworksTest, test::all_devices(), test::device_name);

/// "name network.layer" of every output.
std::vector<std::string> places(Tape& tape) {
  std::vector<std::string> result;
  for (const TensorView& view : tape.views()) {
    if (view.role != Role::kOutput) continue;
    result.push_back(std::string(scope_of(view.name)) + " " + std::to_string(view.network) + "." +
                     std::to_string(view.layer));
  }
  return result;
}

using Places = std::vector<std::string>;

TEST_P(TapeNetworksTest, TwoModelsBesideEachOtherAreTwoNetworks) {
  const Sequential a = mlp("A");
  const Sequential b = mlp("B");
  Tape tape(stream());
  const Tensor from_a = a.forward(tape, x());
  const Tensor loss = mse(tape, b.forward(tape, x()), from_a);
  EXPECT_EQ(places(tape), (Places{"dense 0.0", "dense_1 0.1", "dense_2 0.2",  //
                                  "dense 1.0", "dense_1 1.1", "dense_2 1.2"}));
  // Those of the second: 0 is the default of a view.
  tape.gradient(loss, b.trainable_variables());
  const std::vector<TensorView> gradients = tape.gradient_views();
  EXPECT_EQ(gradients.size(), 6u);
  for (const TensorView& view : gradients) EXPECT_EQ(view.network, 1) << view.name;
}

TEST_P(TapeNetworksTest, GradientsAreInTheNetworkOfTheirParameter) {
  const Sequential a = mlp("A");
  const Sequential b = mlp("B");
  Tape tape(stream());
  const Tensor from_a =
      a.forward(tape, x());  // In this order: the tape numbers what it sees first.
  const Tensor y = add(tape, from_a, b.forward(tape, x()));
  std::vector<Parameter*> parameters = a.trainable_variables();
  std::ranges::copy(b.trainable_variables(), std::back_inserter(parameters));
  tape.gradient(mse(tape, y, Tensor::zeros(stream(), {5, 3})), parameters);
  const std::vector<TensorView> views = tape.gradient_views();
  ASSERT_EQ(views.size(), 12u);
  for (std::size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(views[i].network, i < 6 ? 0 : 1) << i;
    EXPECT_EQ(views[i].layer, static_cast<int>(i % 6 / 2)) << i;
    EXPECT_EQ(views[i].model, i < 6 ? "A" : "B") << i;
  }
}

TEST_P(TapeNetworksTest, AModelThatFeedsAnotherIsOneNetworkWithIt) {
  const Sequential generator = mlp("Generator");
  const Sequential critic = mlp("Critic");
  Tape tape(stream());
  const Tensor made = activate(tape, generator.forward(tape, x()), Activation::kTanh);
  critic.forward(tape, made);
  EXPECT_EQ(places(tape), (Places{"dense 0.0", "dense_1 0.1", "dense_2 0.2",  //
                                  "dense 0.3", "dense_1 0.4", "dense_2 0.5"}));
}

TEST_P(TapeNetworksTest, OneModelRunTwiceIsOneNetwork) {
  const Sequential model = mlp("Siamese");
  Tape tape(stream());
  model.forward(tape, x());
  model.forward(tape, x());
  EXPECT_EQ(places(tape), (Places{"dense 0.0", "dense_1 0.1", "dense_2 0.2",  //
                                  "dense 0.0", "dense_1 0.1", "dense_2 0.2"}));
}

TEST_P(TapeNetworksTest, AParameterThatNoLayerUsesIsInTheNetworkOfItsOp) {
  const Sequential a = mlp("A"), b = mlp("B");
  Parameter shift{"shift", Tensor::zeros(stream(), {5, 3})},
      idle{"idle", Tensor::zeros(stream(), {5, 3})};
  Tape tape(stream());
  const Tensor from_a = a.forward(tape, x());
  const Tensor moved = add(tape, b.forward(tape, x()), shift);
  std::vector<Parameter*> parameters = a.trainable_variables();
  std::ranges::copy(b.trainable_variables(), std::back_inserter(parameters));
  parameters.push_back(&shift);
  parameters.push_back(&idle);
  tape.gradient(mse(tape, add(tape, from_a, moved), x()), parameters);
  const std::vector<TensorView> views = tape.gradient_views();
  EXPECT_EQ(views.at(6).network, 1);
  EXPECT_EQ(views.at(12).network, 1) << "shift";
  EXPECT_EQ(views.at(13).network, -1) << "idle";
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_EQ(metrics.networks, (std::vector<Name>{"A", "B", "idle"}));
}

TEST_P(TapeNetworksTest, AWayAroundALayerLeavesTheNetworkWhole) {
  Tape tape(stream());
  const Tensor a = layer(tape, "a", x());
  const Tensor b = layer(tape, "b", a);
  layer(tape, "c", add(tape, a, b));
  EXPECT_EQ(places(tape), (Places{"a 0.0", "b 0.1", "c 0.2"}));
}

TEST_P(TapeNetworksTest, HeadsOfOneTrunkAreOneNetworkAndEachItsLastLayer) {
  Tape tape(stream());
  const Tensor a = layer(tape, "a", x());
  layer(tape, "side", activate(tape, a, Activation::kTanh));
  layer(tape, "c", layer(tape, "b", a));
  EXPECT_EQ(places(tape), (Places{"a 0.0", "side 0.2", "b 0.1", "c 0.2"}));
}

TEST_P(TapeNetworksTest, WaysThatMeetInALayerAreOneNetwork) {
  Tape tape(stream());
  const Tensor input = x();
  const Tensor a = layer(tape, "a", input);
  const Tensor c = layer(tape, "c", layer(tape, "b", input));
  layer(tape, "head", add(tape, a, c));
  EXPECT_EQ(places(tape), (Places{"a 0.1", "b 0.0", "c 0.1", "head 0.2"}));
}

TEST_P(TapeNetworksTest, WhatOnlyReadsTheSameInputIsApart) {
  Tape tape(stream());
  const Tensor input = activate(tape, x(), Activation::kTanh);
  const Tensor a = layer(tape, "a", input);
  const Tensor b = layer(tape, "b", input);
  mse(tape, a, b);
  EXPECT_EQ(places(tape), (Places{"a 0.0", "b 1.0"}));
}

TEST_P(TapeNetworksTest, AnInputThatIsCutOffBeginsANetwork) {
  Tape tape(stream());
  const Tensor a = layer(tape, "a", x());
  layer(tape, "b", Tensor::from_host<float>(stream(), a.shape(), a.to_host<float>()));
  EXPECT_EQ(places(tape), (Places{"a 0.0", "b 1.0"}));
}

TEST_P(TapeNetworksTest, AFrozenLayerStaysInItsNetwork) {
  const Sequential model = mlp("A");
  for (int i = 0; i < 4; ++i) model.parameters()[static_cast<std::size_t>(i)]->trainable = false;
  Tape tape(stream());
  const Tensor loss = mse(tape, model.forward(tape, x()), x());
  tape.gradient(loss, model.trainable_variables());
  EXPECT_EQ(places(tape), (Places{"dense 0.0", "dense_1 0.1", "dense_2 0.2"}));
}

TEST_P(TapeNetworksTest, ThreeNetworksRecordedByTurnsAreThree) {
  Tape tape(stream());
  const Tensor a = layer(tape, "a", x()), b = layer(tape, "b", x()), c = layer(tape, "c", x());
  layer(tape, "c2", c);
  layer(tape, "a2", a);
  layer(tape, "b2", b);
  EXPECT_EQ(places(tape), (Places{"a 0.0", "b 1.0", "c 2.0", "c2 2.1", "a2 0.1", "b2 1.1"}));
}

TEST_P(TapeNetworksTest, PlacesAreFoundAnewAfterAReset) {
  Tape tape(stream());
  layer(tape, "b", layer(tape, "a", x()));
  EXPECT_EQ(places(tape), (Places{"a 0.0", "b 0.1"}));
  tape.reset();
  layer(tape, "a", x());
  layer(tape, "b", x());
  EXPECT_EQ(places(tape), (Places{"a 0.0", "b 1.0"}));
}

TEST_P(TapeNetworksTest, NamesSayTheModelWhereTwoShareThem) {
  const Sequential a = mlp("A"), b = mlp("B");
  Tape tape(stream());
  std::vector<Parameter*> parameters = a.trainable_variables();
  std::ranges::copy(b.trainable_variables(), std::back_inserter(parameters));
  const Tensor from_a = a.forward(tape, x());
  tape.gradient(mse(tape, add(tape, from_a, b.forward(tape, x())), x()), parameters);
  std::vector<TensorView> views = tape.views();
  std::ranges::copy(b.views(), std::back_inserter(views));  // In another order than the tape's.
  std::ranges::copy(a.views(), std::back_inserter(views));
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_EQ(metrics.networks, (std::vector<Name>{"A", "B"}));
  const auto place_of = [&](const char* name, Role role) {
    for (const TensorRecord& record : metrics.tensors) {
      if (record.name == name && record.role == role)
        return std::pair(record.network, record.layer);
    }
    return std::pair(-1, -1);
  };
  EXPECT_EQ(place_of("A/dense/kernel", Role::kGradient), std::pair(0, 0));
  EXPECT_EQ(place_of("B/dense_1/bias", Role::kGradient), std::pair(1, 1));
  EXPECT_EQ(place_of("A/dense/kernel", Role::kWeight), std::pair(0, 0));
  EXPECT_EQ(place_of("B/dense_2/bias", Role::kWeight), std::pair(1, 2));
  EXPECT_EQ(place_of("B/dense_1/output", Role::kOutput), std::pair(1, 1));
}

}  // namespace
}  // namespace gradvitals
