// Contract: what the updates of kernels/ops/optimizer.h refuse, and how they say so.
#include "kernels/ops/optimizer.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "kernels/stats/tensor_stats.h"
#include "tests/kernels/ops/optimizer_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

class OptimizerErrorsTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, OptimizerErrorsTest, all_devices(), device_name);

TEST_P(OptimizerErrorsTest, RefusesShapesThatDoNotFit) {
  const GuardedBuffer<float> gradient(stream(), std::vector(6, 1.0f));
  const VectorView<const float> g5{gradient.data(), 5};
  Parameter<float> parameter(stream(), std::vector(6, 1.0f));
  expect_invalid([&] { sgd_update(stream(), parameter.sgd(g5)); },
                 {"sgd_update", "gradient (5,)", "weight (6,)"});
  expect_invalid([&] { momentum_update(stream(), parameter.momentum(g5)); },
                 {"momentum_update", "gradient (5,)", "weight (6,)"});
  auto momentum = parameter.momentum(gradient.vector());
  momentum.velocity.count = 4;
  expect_invalid([&] { momentum_update(stream(), momentum); }, {"velocity (4,)", "weight (6,)"});
  auto adam = parameter.adam(gradient.vector());
  adam.first_moment.count = 4;
  expect_invalid([&] { adam_update(stream(), adam); }, {"first_moment (4,)", "weight (6,)"});
  adam = parameter.adam(gradient.vector());
  adam.second_moment = {};
  expect_invalid([&] { adam_update(stream(), adam); }, {"second_moment (0,)", "weight (6,)"});
  adam = parameter.adam(gradient.vector());
  adam.second_moment = adam.first_moment;
  expect_invalid([&] { adam_update(stream(), adam); }, {"adam_update", "share memory"});
  adam = parameter.adam(gradient.vector());
  adam.steps = {};
  expect_invalid([&] { adam_update(stream(), adam); }, {"adam_update", "steps (0,)"});
  auto sgd = parameter.sgd(gradient.vector());
  sgd.update_sum_squares.count = 2;
  expect_invalid([&] { sgd_update(stream(), sgd); }, {"sgd_update", "update_sum_squares (2,)"});
}

TEST_P(OptimizerErrorsTest, RefusesSettingsOutOfRange) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const GuardedBuffer<float> gradient(stream(), std::vector(3, 1.0f));
  Parameter<float> parameter(stream(), std::vector(3, 1.0f));
  for (const double rate : {nan, inf, -inf, 1e39}) {  // The last is infinite as a float.
    auto sgd = parameter.sgd(gradient.vector());
    auto momentum = parameter.momentum(gradient.vector());
    auto adam = parameter.adam(gradient.vector());
    sgd.learning_rate = momentum.learning_rate = adam.learning_rate = rate;
    expect_invalid([&] { sgd_update(stream(), sgd); }, {"sgd_update", "learning_rate"});
    expect_invalid([&] { momentum_update(stream(), momentum); },
                   {"momentum_update", "learning_rate"});
    expect_invalid([&] { adam_update(stream(), adam); }, {"adam_update", "learning_rate"});
  }
  auto fast = parameter.adam(gradient.vector());
  fast.learning_rate = 3e38;  // Finite, but not divided by 1 - beta1, as the first step does.
  expect_invalid([&] { adam_update(stream(), fast); },
                 {"adam_update", "learning_rate / (1 - beta1)"});
  for (const double decay : {nan, -0.1, 1.0, 1.5, inf}) {
    auto momentum = parameter.momentum(gradient.vector());
    momentum.momentum = decay;
    expect_invalid([&] { momentum_update(stream(), momentum); }, {"momentum_update", "[0, 1)"});
    auto adam = parameter.adam(gradient.vector());
    adam.beta1 = decay;
    expect_invalid([&] { adam_update(stream(), adam); }, {"adam_update", "beta1", "[0, 1)"});
    adam = parameter.adam(gradient.vector());
    adam.beta2 = decay;
    expect_invalid([&] { adam_update(stream(), adam); }, {"adam_update", "beta2", "[0, 1)"});
  }
  for (const double epsilon : {nan, 0.0, -1e-8, 1e-50, inf}) {  // 1e-50 is 0 as a float.
    auto adam = parameter.adam(gradient.vector());
    adam.epsilon = epsilon;
    expect_invalid([&] { adam_update(stream(), adam); }, {"adam_update", "epsilon"});
  }
  for (const double limit : {nan, 0.0, -1.0}) {
    auto sgd = parameter.sgd(gradient.vector());
    sgd.guard.max_norm = limit;
    expect_invalid([&] { sgd_update(stream(), sgd); }, {"sgd_update", "guard.max_norm"});
    sgd.guard = {.skip_above_norm = limit};
    expect_invalid([&] { sgd_update(stream(), sgd); }, {"sgd_update", "guard.skip_above_norm"});
  }
  for (const double decay : {nan, -0.1, inf, 1e39}) {
    auto adam = parameter.adam(gradient.vector());
    adam.learning_rate = 1.0;
    adam.weight_decay = decay;
    expect_invalid([&] { adam_update(stream(), adam); }, {"adam_update", "weight_decay"});
  }
  EXPECT_EQ(parameter.weight.download(), std::vector(3, 1.0f)) << "a refused op changes nothing";
}

TEST_P(OptimizerErrorsTest, RefusesAGuardWithoutWhatItNeeds) {
  const GuardedBuffer<float> gradient(stream(), std::vector(3, 1.0f));
  Parameter<float> parameter(stream(), std::vector(3, 1.0f));
  auto unguarded = parameter.sgd(gradient.vector());
  unguarded.guard.max_norm = 1.0;
  expect_invalid([&] { sgd_update(stream(), unguarded); },
                 {"sgd_update", "guard.max_norm is given", "guard.gradients is null"});
  unguarded.guard = {.skip_above_norm = 1.0};
  expect_invalid([&] { sgd_update(stream(), unguarded); },
                 {"sgd_update", "guard.skip_above_norm is given", "guard.gradients is null"});
  const GuardedBuffer<UpdateControl> control(stream(), std::vector{UpdateControl{0.1}});
  unguarded.guard = {.control = control.data()};
  expect_invalid([&] { sgd_update(stream(), unguarded); },
                 {"sgd_update", "guard.control is given", "is null"});
  EXPECT_EQ(parameter.weight.download(), std::vector(3, 1.0f)) << "a refused op changes nothing";
}

TEST_P(OptimizerErrorsTest, RefusesAControlThatTheUpdateOverwrites) {
  const GuardedBuffer<TensorStats> record(stream(), std::vector(1, TensorStats{}));
  const GuardedBuffer<float> gradient(stream(), std::vector(6, 1.0f));
  Parameter<float> parameter(stream(), std::vector(6, 1.0f));
  const UpdateGuard guard{
      .gradients = record.data(),
      .control = reinterpret_cast<const UpdateControl*>(parameter.weight.data())};
  auto sgd = parameter.sgd(gradient.vector());
  auto momentum = parameter.momentum(gradient.vector());
  auto adam = parameter.adam(gradient.vector());
  sgd.guard = momentum.guard = adam.guard = guard;
  expect_invalid([&] { sgd_update(stream(), sgd); }, {"guard.control", "share memory"});
  expect_invalid([&] { momentum_update(stream(), momentum); }, {"guard.control", "share memory"});
  expect_invalid([&] { adam_update(stream(), adam); }, {"guard.control", "share memory"});
}

}  // namespace
}  // namespace gradvitals::test
