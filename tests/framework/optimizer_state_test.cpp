// Contract: Optimizer::state() and load_state(), framework/optimizers.h. Oracle: the same steps without
// a break, bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "framework/optimizers.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

using test::expect_invalid;

constexpr int kOptimizerKinds = 5;

std::unique_ptr<Optimizer> optimizer_of_kind(int kind) {
  switch (kind) {
    case 0:
      return std::make_unique<Sgd>();
    case 1:
      return std::make_unique<Momentum>();
    case 2:
      return std::make_unique<Momentum>(Momentum::Options{.nesterov = true});
    case 3:
      return std::make_unique<Adam>();
    default:
      return std::make_unique<AdamW>(AdamW::Options{.weight_decay = 0.1});
  }
}

std::vector<float> cosines(std::int64_t count, double frequency) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(std::cos(frequency * static_cast<double>(i + 1))));
  }
  return values;
}

/// Two parameters, of which one has no gradient in every second step.
class TwoParameters {
 public:
  explicit TwoParameters(Stream& stream)
      : stream_(stream),
        kernel_{"dense/kernel", Tensor::from_host<float>(stream, {5, 7}, cosines(35, 0.3))},
        bias_{"dense/bias", Tensor::from_host<float>(stream, {7}, cosines(7, 0.7))} {}

  std::vector<Parameter*> parameters() { return {&kernel_, &bias_}; }

  void step(Optimizer& optimizer, int number) {
    Gradients gradients{
        {&kernel_, Tensor::from_host<float>(stream_, {5, 7}, cosines(35, 1.1 + 0.2 * number))},
        {&bias_, std::nullopt}};
    if (number % 2 == 0) {
      gradients[1].value = Tensor::from_host<float>(stream_, {7}, cosines(7, 1.3 + 0.1 * number));
    }
    optimizer.apply(stream_, gradients);
  }

  std::vector<std::vector<float>> values() {
    return {kernel_.value.to_host<float>(), bias_.value.to_host<float>()};
  }

  void take_values(TwoParameters& other) {
    kernel_.value.copy_from_host<float>(stream_, other.kernel_.value.to_host<float>());
    bias_.value.copy_from_host<float>(stream_, other.bias_.value.to_host<float>());
  }

 private:
  Stream stream_;
  Parameter kernel_;
  Parameter bias_;
};

std::vector<std::string> names_of(const std::vector<OptimizerTensor>& state) {
  std::vector<std::string> names;
  for (const OptimizerTensor& tensor : state) names.push_back(tensor.name);
  return names;
}

class OptimizerStateTest : public test::DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, OptimizerStateTest, test::all_devices(), test::device_name);

TEST_P(OptimizerStateTest, AResumedTrainingHasTheBitsOfAnUnbrokenOne) {
  for (int kind = 0; kind < kOptimizerKinds; ++kind) {
    SCOPED_TRACE(kind);
    TwoParameters unbroken(stream());
    TwoParameters first_half(stream());
    const auto optimizer = optimizer_of_kind(kind);
    const auto first_optimizer = optimizer_of_kind(kind);
    for (int i = 0; i < 10; ++i) unbroken.step(*optimizer, i);
    for (int i = 0; i < 5; ++i) first_half.step(*first_optimizer, i);

    TwoParameters resumed(stream());
    resumed.take_values(first_half);
    std::vector<OptimizerTensor> state = first_optimizer->state(stream(), first_half.parameters());
    std::ranges::reverse(state);
    const auto resumed_optimizer = optimizer_of_kind(kind);
    resumed_optimizer->load_state(stream(), resumed.parameters(), state);
    for (int i = 5; i < 10; ++i) resumed.step(*resumed_optimizer, i);
    EXPECT_EQ(resumed.values(), unbroken.values());
  }
}

TEST_P(OptimizerStateTest, IsNamedByParameterAndPart) {
  TwoParameters model(stream());
  const auto names = [&](int kind) {
    return names_of(optimizer_of_kind(kind)->state(stream(), model.parameters()));
  };
  EXPECT_EQ(names(0), std::vector<std::string>{});
  EXPECT_EQ(names(1), (std::vector<std::string>{"dense/kernel/velocity", "dense/bias/velocity"}));
  for (const int kind : {3, 4}) {
    EXPECT_EQ(names(kind),
              (std::vector<std::string>{"dense/kernel/first_moment", "dense/kernel/second_moment",
                                        "dense/kernel/steps", "dense/bias/first_moment",
                                        "dense/bias/second_moment", "dense/bias/steps"}));
  }
}

TEST_P(OptimizerStateTest, CountsTheStepsOfEachParameterFromZero) {
  TwoParameters model(stream());
  Adam adam;
  const auto steps = [&] {
    const std::vector<OptimizerTensor> state = adam.state(stream(), model.parameters());
    return std::vector{state[2].value.item(), state[5].value.item()};
  };
  EXPECT_EQ(steps(), (std::vector{0.0, 0.0}));
  EXPECT_EQ(adam.state(stream(), model.parameters())[0].value.to_host<float>(),
            std::vector<float>(35));
  for (int i = 0; i < 3; ++i) model.step(adam, i);
  EXPECT_EQ(steps(), (std::vector{3.0, 2.0}));
}

TEST_P(OptimizerStateTest, IsACopyThatLaterStepsLeaveAsItIs) {
  TwoParameters model(stream());
  Momentum momentum;
  model.step(momentum, 0);
  const std::vector<OptimizerTensor> state = momentum.state(stream(), model.parameters());
  const std::vector<float> before = state[0].value.to_host<float>();
  model.step(momentum, 1);
  EXPECT_EQ(state[0].value.to_host<float>(), before);
  Momentum other;
  other.load_state(stream(), model.parameters(), state);
  model.step(other, 1);
  EXPECT_EQ(state[0].value.to_host<float>(), before);
}

TEST_P(OptimizerStateTest, TakesThePlaceOfWhatLaterStepsLeft) {
  TwoParameters model(stream());
  TwoParameters rolled_back(stream());
  Adam adam, other;
  for (int i = 0; i < 4; ++i) model.step(adam, i);
  for (int i = 0; i < 2; ++i) rolled_back.step(other, i);
  adam.load_state(stream(), model.parameters(), other.state(stream(), rolled_back.parameters()));
  model.take_values(rolled_back);
  for (int i = 2; i < 5; ++i) {
    model.step(adam, i);
    rolled_back.step(other, i);
  }
  EXPECT_EQ(model.values(), rolled_back.values());
}

TEST_P(OptimizerStateTest, MayComeFromAnotherDevice) {
  Stream cpu({.device = DeviceType::kCpu, .threads = 1});
  TwoParameters there(cpu);
  Momentum momentum;
  there.step(momentum, 0);
  const std::vector<OptimizerTensor> state = momentum.state(cpu, there.parameters());
  TwoParameters here(stream());
  Momentum other;
  other.load_state(stream(), here.parameters(), state);
  const std::vector<OptimizerTensor> loaded = other.state(stream(), here.parameters());
  EXPECT_EQ(loaded[0].value.device(), stream().device());
  EXPECT_EQ(loaded[0].value.to_host<float>(), state[0].value.to_host<float>());
  EXPECT_EQ(loaded[1].value.to_host<float>(), state[1].value.to_host<float>());
}

TEST_P(OptimizerStateTest, KeepsNanAndInfinity) {
  const float inf = std::numeric_limits<float>::infinity();
  Parameter w{"w", Tensor::zeros(stream(), {3})};
  const std::vector<OptimizerTensor> state{
      {"w/velocity",
       Tensor::from_host<float>(stream(), {3}, std::vector{std::nanf(""), inf, -0.0F})}};
  Momentum momentum;
  const std::vector<Parameter*> parameters{&w};
  momentum.load_state(stream(), parameters, state);
  const std::vector<float> kept = momentum.state(stream(), parameters).at(0).value.to_host<float>();
  EXPECT_TRUE(std::isnan(kept[0]));
  EXPECT_EQ(kept[1], inf);
  EXPECT_TRUE(std::signbit(kept[2]));
}

TEST_P(OptimizerStateTest, WhatDoesNotFitIsNamedAndNothingIsChanged) {
  TwoParameters model(stream());
  const std::vector<Parameter*> parameters = model.parameters();
  Adam adam;
  for (int i = 0; i < 2; ++i) model.step(adam, i);
  const std::vector<OptimizerTensor> good = adam.state(stream(), parameters);
  const auto expect_refused = [&](const std::vector<OptimizerTensor>& state,
                                  std::initializer_list<std::string_view> words) {
    expect_invalid([&] { adam.load_state(stream(), parameters, state); }, words);
  };
  auto state = good;
  state.erase(state.begin() + 1);
  expect_refused(state, {"'dense/kernel/second_moment' is missing"});
  state = good;
  state[3].value = Tensor::zeros(stream(), {8});
  expect_refused(state, {"'dense/bias/first_moment' is (8,) F32", "(7,) F32 is needed"});
  state[3].value = Tensor::zeros(stream(), {7}, DType::kFloat64);
  expect_refused(state, {"'dense/bias/first_moment' is (7,) F64", "(7,) F32 is needed"});
  state[3].value = {};
  expect_refused(state, {"'dense/bias/first_moment' holds no tensor"});
  state = good;
  state.push_back(good[0]);
  expect_refused(state, {"'dense/kernel/first_moment' is there twice"});
  state.back().name = "dense/kernel/velocity";
  expect_refused(state, {"'dense/kernel/velocity' is none"});
  for (const double steps : {-1.0, 2.5, 0x1p54, std::nan("")}) {
    state = good;
    state[5].value = Tensor::from_host<double>(stream(), {1}, std::vector{steps});
    expect_refused(state, {"'dense/bias/steps' is ", "not a number of steps"});
  }
  Sgd sgd;
  expect_invalid([&] { sgd.load_state(stream(), parameters, good); }, {"is none"});

  const std::vector<OptimizerTensor> after = adam.state(stream(), parameters);
  for (const std::size_t part : {0u, 1u, 3u, 4u}) {
    EXPECT_EQ(after[part].value.to_host<float>(), good[part].value.to_host<float>());
  }
  EXPECT_EQ(after[2].value.item(), 2);
}

TEST_P(OptimizerStateTest, ParametersOfOneNameAreRefused) {
  Parameter a{"w", Tensor::zeros(stream(), {1})}, b{"w", Tensor::zeros(stream(), {1})};
  Momentum momentum;
  const std::vector<Parameter*> parameters{&a, &b};
  expect_invalid([&] { return momentum.state(stream(), parameters); }, {"two", "'w'"});
  expect_invalid([&] { momentum.load_state(stream(), parameters, {}); }, {"two", "'w'"});
}

TEST_P(OptimizerStateTest, ParametersOnAnotherDeviceAreRefused) {
  Stream elsewhere({.device = GetParam() == DeviceType::kCpu ? DeviceType::kSim : DeviceType::kCpu,
                    .threads = 1});
  Parameter w{"dense/kernel", Tensor::zeros(elsewhere, {1})};
  const std::vector<Parameter*> parameters{&w};
  Momentum momentum;
  expect_invalid([&] { return momentum.state(stream(), parameters); },
                 {"'dense/kernel'", "on device " + name(elsewhere.device())});
}

TEST_P(OptimizerStateTest, DoublesKeepTheirBitsToo) {
  if (GetParam() != DeviceType::kCpu) GTEST_SKIP() << "updates of float64 run on cpu alone";
  Parameter w{"w", Tensor::zeros(stream(), {2}, DType::kFloat64)};
  const std::vector<Parameter*> parameters{&w};
  Momentum momentum, other;
  momentum.apply(stream(),
                 {{&w, Tensor::from_host<double>(stream(), {2}, std::vector{0.1, 1.0 / 3})}});
  const std::vector<OptimizerTensor> state = momentum.state(stream(), parameters);
  other.load_state(stream(), parameters, state);
  EXPECT_EQ(state[0].value.to_host<double>(), (std::vector{-0.01 * 0.1, -0.01 * (1.0 / 3)}));
  EXPECT_EQ(other.state(stream(), parameters)[0].value.to_host<double>(),
            state[0].value.to_host<double>());
}

}  // namespace
}  // namespace gradvitals
