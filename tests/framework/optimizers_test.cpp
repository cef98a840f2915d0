// Contract: framework/optimizers.h. Oracle: the formulas of kernels/ops/optimizer.h, worked in double
// here.
#include "framework/optimizers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "framework/initializers.h"
#include "framework/losses.h"
#include "framework/ops.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

using test::expect_close;

class OptimizersTest : public test::DeviceTest {
 protected:
  Parameter parameter(const char* name, std::vector<float> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return {name, Tensor::from_host<float>(stream(), {count}, values)};
  }
  Gradient gradient(Parameter& of, std::vector<float> values) {
    return {&of, parameter("", std::move(values)).value};
  }
  std::vector<float> values(const Parameter& of) { return of.value.to_host<float>(); }
};

// A handful of float32 operations per step.
constexpr test::Tolerance kFewSteps = test::rounded<float>(32);

TEST_P(OptimizersTest, SgdTakesTheStepItReports) {
  Parameter w = parameter("w", {1, 2});
  Sgd sgd({.learning_rate = 0.5});
  const Updates updates = sgd.apply(stream(), {gradient(w, {1, -2})});
  EXPECT_EQ(values(w), (std::vector<float>{0.5f, 3}));
  ASSERT_EQ(updates.entries.size(), 1u);
  EXPECT_EQ(updates.entries[0].parameter, &w);
  EXPECT_TRUE(updates.entries[0].applied);
  EXPECT_EQ(updates.sum_squares.to_host<double>(), std::vector<double>{0.25 + 1});
}

TEST_P(OptimizersTest, UpdatesCanBeWatchedBesideTheWeightsTheyMove) {
  Parameter kernel{"dense/kernel",
                   Tensor::from_host<float>(stream(), {1, 2}, std::vector{3.0f, 4.0f})};
  Parameter bias = parameter("dense/bias", {0});
  Sgd sgd({.learning_rate = 0.5});
  const Updates updates = sgd.apply(
      stream(), {gradient(bias, {8}),
                 {&kernel, Tensor::from_host<float>(stream(), {1, 2}, std::vector{0.6f, 0.8f})}});
  std::vector<TensorView> views = updates.views();
  for (const Parameter* parameter : {&kernel, &bias}) {
    views.push_back({.name = parameter->name,
                     .role = Role::kWeight,
                     .data = parameter->value.data(),
                     .count = parameter->value.count(),
                     .rows = 1,
                     .cols = parameter->value.count(),
                     .rank = parameter->value.shape().rank(),
                     .device = stream().device()});
  }
  GradientMonitor monitor(stream());
  const Temperature temperature = vital_signs(monitor.inspect(views), Thresholds{}).temperature;
  // The kernel moved by 0.5; a bias does not count. Its norm is that of the weight after the step.
  const double weight = std::hypot(3 - 0.3, 4 - 0.4);
  expect_close(temperature.update_to_weight_ratio.value(), 0.5 / weight, kFewSteps);
  EXPECT_EQ(temperature.status, VitalStatus::kHigh);
}

TEST_P(OptimizersTest, MomentumKeepsItsVelocity) {
  Parameter w = parameter("w", {1});
  Momentum momentum({.learning_rate = 0.1, .momentum = 0.9});
  double expected = 1, velocity = 0;
  for (int step = 0; step < 3; ++step) {
    momentum.apply(stream(), {gradient(w, {2})});
    velocity = 0.9 * velocity - 0.1 * 2;
    expected += velocity;
  }
  expect_close(values(w), std::vector{expected}, kFewSteps);
}

TEST_P(OptimizersTest, NesterovLooksAhead) {
  Parameter w = parameter("w", {1});
  Momentum momentum({.learning_rate = 0.1, .momentum = 0.9, .nesterov = true});
  double expected = 1, velocity = 0;
  for (int step = 0; step < 3; ++step) {
    momentum.apply(stream(), {gradient(w, {2})});
    velocity = 0.9 * velocity - 0.1 * 2;
    expected += 0.9 * velocity - 0.1 * 2;
  }
  expect_close(values(w), std::vector{expected}, kFewSteps);
}

TEST_P(OptimizersTest, AdamCorrectsItsBiasFromTheFirstStepOn) {
  Parameter w = parameter("w", {1});
  Adam adam({.learning_rate = 0.1});
  double expected = 1, m = 0, v = 0;
  for (int step = 1; step <= 3; ++step) {
    const double g = step;
    adam.apply(stream(), {gradient(w, {static_cast<float>(g)})});
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    expected -=
        0.1 * (m / (1 - std::pow(0.9, step))) / (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
  }
  expect_close(values(w), std::vector{expected}, kFewSteps);
}

TEST_P(OptimizersTest, AdamWDecaysWeightsBesideAdamsStep) {
  Parameter w = parameter("w", {2});
  AdamW adamw({.learning_rate = 0.1, .weight_decay = 0.2});
  double expected = 2, m = 0, v = 0;
  for (int step = 1; step <= 3; ++step) {
    const double g = step;
    adamw.apply(stream(), {gradient(w, {static_cast<float>(g)})});
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    expected -= 0.1 * 0.2 * expected + 0.1 * (m / (1 - std::pow(0.9, step))) /
                                           (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
  }
  expect_close(values(w), std::vector{expected}, kFewSteps);
  Parameter still = parameter("still", {2});
  AdamW().apply(stream(), {gradient(still, {0})});
  expect_close(values(still), std::vector{2 - 0.001 * 0.01 * 2}, kFewSteps);
}

TEST_P(OptimizersTest, TheLearningRateCanBeReadAndSetBetweenSteps) {
  const std::vector<std::shared_ptr<Optimizer>> optimizers{
      std::make_shared<Sgd>(Sgd::Options{.learning_rate = 0.25}),
      std::make_shared<Momentum>(Momentum::Options{.learning_rate = 0.25}),
      std::make_shared<Adam>(Adam::Options{.learning_rate = 0.25}),
      std::make_shared<AdamW>(AdamW::Options{.learning_rate = 0.25})};
  for (const auto& optimizer : optimizers) {
    EXPECT_EQ(optimizer->learning_rate(), 0.25);
    Parameter w = parameter("w", {1});
    optimizer->set_learning_rate(0);
    optimizer->apply(stream(), {gradient(w, {1})});
    EXPECT_EQ(values(w), std::vector<float>{1});
    optimizer->set_learning_rate(0.125);
    EXPECT_EQ(optimizer->learning_rate(), 0.125);
    optimizer->apply(stream(), {gradient(w, {1})});
    EXPECT_LT(values(w)[0], 1);
    for (const double bad : {std::nan(""), HUGE_VAL}) {
      test::expect_invalid([&] { optimizer->set_learning_rate(bad); }, {"learning rate"});
    }
    EXPECT_EQ(optimizer->learning_rate(), 0.125);
  }
}

TEST_P(OptimizersTest, AParameterWithoutGradientIsLeftAloneAndReported) {
  Parameter a = parameter("a", {1}), b = parameter("b", {2});
  Sgd sgd({.learning_rate = 1});
  const Updates updates = sgd.apply(stream(), {{&a, std::nullopt}, gradient(b, {1})});
  EXPECT_EQ(values(a), std::vector<float>{1});
  EXPECT_EQ(values(b), std::vector<float>{1});
  EXPECT_FALSE(updates.entries[0].applied);
  EXPECT_TRUE(updates.entries[1].applied);
  EXPECT_EQ(updates.sum_squares.to_host<double>(), (std::vector<double>{0, 1}));
}

TEST_P(OptimizersTest, StateBelongsToTheParameterNotToItsPlace) {
  Parameter a = parameter("a", {0}), b = parameter("b", {0});
  Momentum momentum({.learning_rate = 1, .momentum = 0.5});
  momentum.apply(stream(), {gradient(a, {1}), gradient(b, {0})});
  momentum.apply(stream(), {gradient(b, {0}), gradient(a, {0})});
  EXPECT_EQ(values(a), std::vector<float>{-1.5f});
  EXPECT_EQ(values(b), std::vector<float>{0});
}

TEST_P(OptimizersTest, ManyParametersKeepTheirStatesApart) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 40; ++i) parameters.push_back(parameter("w", {0}));
  Momentum momentum({.learning_rate = 1, .momentum = 0.5});
  for (int step = 0; step < 2; ++step) {
    Gradients gradients;
    for (int i = 0; i < 40; ++i) {
      gradients.push_back(gradient(parameters[static_cast<std::size_t>(i)],
                                   {step == 0 ? static_cast<float>(i) : 0.0f}));
    }
    momentum.apply(stream(), gradients);
  }
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(values(parameters[static_cast<std::size_t>(i)])[0], -1.5f * static_cast<float>(i));
  }
}

TEST_P(OptimizersTest, AGradientOfAnotherShapeIsNamedAndNothingIsChanged) {
  Parameter a = parameter("a", {1}), b = parameter("dense/kernel", {1, 2});
  Sgd sgd;
  test::expect_invalid(
      [&] {
        return sgd.apply(stream(), {gradient(a, {1}), gradient(b, {1})}).entries;
      },
      {"'dense/kernel'", "(1,)", "(2,)"});
  EXPECT_EQ(values(a), std::vector<float>{1});
}

TEST_P(OptimizersTest, AStreamOfAnotherDeviceIsRefusedAndNothingIsChanged) {
  const DeviceType other_device =
      GetParam() == DeviceType::kCpu ? DeviceType::kSim : DeviceType::kCpu;
  if (!unavailable_reason(other_device).empty()) GTEST_SKIP() << unavailable_reason(other_device);
  Stream other({.device = other_device});
  Parameter w = parameter("dense/kernel", {1});
  Sgd sgd;
  const std::string ours(name(GetParam())), theirs(name(other_device));
  test::expect_invalid([&] { return sgd.apply(other, {gradient(w, {1})}).entries; },
                       {"parameter 'dense/kernel'", "on device " + ours, "stream on " + theirs});
  const Gradient elsewhere{&w, Tensor::zeros(other, {1})};
  test::expect_invalid([&] { return sgd.apply(stream(), {elsewhere}).entries; },
                       {"gradient of 'dense/kernel'", "on device " + theirs, "stream on " + ours});
  EXPECT_EQ(values(w), std::vector<float>{1});
}

TEST_P(OptimizersTest, StateStaysAndActsOnTheNewMemoryWhereAValueIsReplaced) {
  Parameter w = parameter("w", {0});
  const Tensor old = w.value;
  Momentum momentum({.learning_rate = 1, .momentum = 0.5});
  momentum.apply(stream(), {gradient(w, {1})});
  w.value = parameter("", {10}).value;
  momentum.apply(stream(), {gradient(w, {0})});
  EXPECT_EQ(values(w), std::vector<float>{9.5f});
  EXPECT_EQ(old.to_host<float>(), std::vector<float>{-1});
}

TEST_P(OptimizersTest, StateStartsAnewWhereAValueOfAnotherShapeIsAssigned) {
  Parameter w = parameter("w", {0});
  Momentum momentum({.learning_rate = 1, .momentum = 0.5});
  momentum.apply(stream(), {gradient(w, {1})});
  w.value = parameter("", {10, 20}).value;
  momentum.apply(stream(), {gradient(w, {0, 1})});
  EXPECT_EQ(values(w), (std::vector<float>{10, 19}));
}

TEST_P(OptimizersTest, AnotherParameterAtTheSameAddressDoesNotInheritState) {
  Parameter w = parameter("w", {0});
  Momentum momentum({.learning_rate = 1, .momentum = 0.5});
  momentum.apply(stream(), {gradient(w, {1})});
  w = parameter("v", {0});
  momentum.apply(stream(), {gradient(w, {0})});
  EXPECT_EQ(values(w), std::vector<float>{0});
}

TEST_P(OptimizersTest, AssigningValuesAnewDoesNotPileUpMemory) {
  Parameter w = parameter("w", std::vector<float>(1000, 0.0f));
  Adam adam;
  const auto bytes_in_use = [&] {
    return stream().memory().taken_bytes - stream().memory().cached_bytes;
  };
  std::int64_t after_one = 0;
  for (int step = 0; step < 5; ++step) {
    w.value = Tensor::zeros(stream(), {1000});
    adam.apply(stream(), {gradient(w, std::vector<float>(1000, 1.0f))});
    if (step == 0) after_one = bytes_in_use();
  }
  EXPECT_EQ(bytes_in_use(), after_one);
}

TEST_P(OptimizersTest, AllSolveALinearRegression) {
  const std::vector<std::shared_ptr<Optimizer>> optimizers{
      std::make_shared<Sgd>(Sgd::Options{.learning_rate = 0.2}),
      std::make_shared<Momentum>(Momentum::Options{.learning_rate = 0.05}),
      std::make_shared<Momentum>(Momentum::Options{.learning_rate = 0.05, .nesterov = true}),
      std::make_shared<Adam>(Adam::Options{.learning_rate = 0.05}),
      std::make_shared<AdamW>(AdamW::Options{.learning_rate = 0.05, .weight_decay = 1e-6})};
  const Tensor x = initialize(stream(), RandomNormal{.stddev = 1}, {64, 3}, {1, 1});
  Parameter truth = make_parameter(stream(), "truth", {3, 1}, RandomUniform{-1, 1}, 1);
  Tape data(stream());
  const Tensor target = matmul(data, x, truth);
  for (const auto& optimizer : optimizers) {
    Parameter kernel = make_parameter(stream(), "kernel", {3, 1}, Zeros{}, 1);
    Tape tape(stream());
    double error = 0.0;
    for (int step = 0; step < 400; ++step) {
      tape.reset();
      const Tensor loss = mse(tape, matmul(tape, x, kernel), target);
      optimizer->apply(stream(), tape.gradient(loss, {&kernel}));
      error = loss.item();
    }
    EXPECT_LE(error, 1e-6) << "optimizer " << (&optimizer - optimizers.data());
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, OptimizersTest, test::all_devices(), test::device_name);

}  // namespace
}  // namespace gradvitals
