// Contract: the guard of an update, kernels/ops/optimizer.h. Oracle: the same update, without a guard, of
// gradients scaled beforehand, or with the control's numbers given by the host. Tolerance: none, scales
// are powers of two.
#include "kernels/ops/optimizer.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/stats/tensor_stats.h"
#include "tests/kernels/ops/optimizer_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

class OptimizerGuardTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, OptimizerGuardTest, all_devices(), device_name);

/// A record of gradients with the L2 norm sqrt(sum_squares).
class GuardRecord {
 public:
  GuardRecord(Stream& stream, const TensorStats& record) : memory_(stream, sizeof(TensorStats)) {
    copy_to_device(stream, &record, sizeof(record), memory_.data());
  }
  const TensorStats* get() const { return static_cast<const TensorStats*>(memory_.data()); }

 private:
  Buffer memory_;
};

/// A control in device memory.
class DeviceControl {
 public:
  DeviceControl(Stream& stream, const UpdateControl& values)
      : memory_(stream, sizeof(UpdateControl)) {
    set(stream, values);
  }
  void set(Stream& stream, const UpdateControl& values) {
    copy_to_device(stream, &values, sizeof(values), memory_.data());
  }
  const UpdateControl* get() const { return static_cast<const UpdateControl*>(memory_.data()); }

 private:
  Buffer memory_;
};

enum class Rule { kSgd, kMomentum, kNesterov, kAdam, kAdamW };
constexpr std::array kRules = {Rule::kSgd, Rule::kMomentum, Rule::kNesterov, Rule::kAdam,
                               Rule::kAdamW};

void apply(Stream& stream, Rule rule, Parameter<float>& parameter, VectorView<const float> gradient,
           double learning_rate, const UpdateGuard& guard) {
  const auto complete = [&](auto op) {
    op.learning_rate = learning_rate;
    op.guard = guard;
    return op;
  };
  if (rule == Rule::kSgd) return sgd_update(stream, complete(parameter.sgd(gradient)));
  if (rule == Rule::kAdam || rule == Rule::kAdamW) {
    auto op = complete(parameter.adam(gradient));
    if (rule == Rule::kAdamW) op.weight_decay = 0.5;
    return adam_update(stream, op);
  }
  auto op = complete(parameter.momentum(gradient));
  op.nesterov = rule == Rule::kNesterov;
  momentum_update(stream, op);
}

void expect_equal(const Parameter<float>& got, const Parameter<float>& expected) {
  EXPECT_EQ(got.weight.download(), expected.weight.download());
  EXPECT_EQ(got.first.download(), expected.first.download());
  EXPECT_EQ(got.second.download(), expected.second.download());
  EXPECT_EQ(got.steps.download(), expected.steps.download());
  EXPECT_EQ(got.sum.download(), expected.sum.download());
}

void expect_scaled_by_all(Stream& stream, const UpdateGuard& guard, float scale) {
  const std::vector<float> g = wave<float>(1025, 1.1);
  std::vector<float> scaled;
  for (const float x : g) scaled.push_back(scale * x);
  const GuardedBuffer<float> gradient(stream, g);
  const GuardedBuffer<float> scaled_gradient(stream, scaled);
  for (const Rule rule : kRules) {
    SCOPED_TRACE(static_cast<int>(rule));
    Parameter<float> guarded(stream, wave<float>(1025, 0.3));
    Parameter<float> plain(stream, wave<float>(1025, 0.3));
    for (int step = 0; step < 3; ++step) {
      apply(stream, rule, guarded, gradient.vector(), 0.01, guard);
      apply(stream, rule, plain, scaled_gradient.vector(), 0.01, {});
    }
    expect_equal(guarded, plain);
  }
}

/// After a step that counts, one under this guard leaves no trace, nor do the next ones tell of it.
void expect_skipped_by_all(Stream& stream, const UpdateGuard& guard) {
  const GuardedBuffer<float> gradient(stream, wave<float>(1025, 1.1));
  const GuardedBuffer<float> other(stream, wave<float>(1025, 1.7));
  for (const Rule rule : kRules) {
    SCOPED_TRACE(static_cast<int>(rule));
    Parameter<float> guarded(stream, wave<float>(1025, 0.3));
    Parameter<float> plain(stream, wave<float>(1025, 0.3));
    for (Parameter<float>* parameter : {&guarded, &plain}) {
      apply(stream, rule, *parameter, gradient.vector(), 0.01, {});
    }
    apply(stream, rule, guarded, other.vector(), 0.01, guard);
    EXPECT_EQ(guarded.sum.download()[0], 0.0);
    plain.sum.upload(std::vector<double>{0.0});
    expect_equal(guarded, plain);
    for (Parameter<float>* parameter : {&guarded, &plain}) {
      apply(stream, rule, *parameter, other.vector(), 0.01, {});
    }
    EXPECT_GT(guarded.sum.download()[0], 0.0);
    expect_equal(guarded, plain);
  }
}

TEST_P(OptimizerGuardTest, ScalesLongGradientsToItsLimit) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  expect_scaled_by_all(stream(), {.gradients = record.get(), .max_norm = 2.0}, 0.25f);
  const GuardRecord huge(stream(), {.count = 4, .sum_squares = 64.0, .scale_exponent = 600});
  expect_scaled_by_all(stream(), {.gradients = huge.get(), .max_norm = 0x1p603}, 1.0f);
  expect_scaled_by_all(stream(), {.gradients = huge.get(), .max_norm = 0x1p601}, 0.25f);
}

TEST_P(OptimizerGuardTest, LeavesShorterGradientsAsTheyAre) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  expect_scaled_by_all(stream(), {.gradients = record.get(), .max_norm = 8.0}, 1.0f);
  expect_scaled_by_all(stream(), {.gradients = record.get()}, 1.0f);
  const GuardRecord zero(stream(), {.count = 4});
  expect_scaled_by_all(stream(), {.gradients = zero.get(), .max_norm = 1e-3}, 1.0f);
}

TEST_P(OptimizerGuardTest, SkipsTheStepWhereAnyGradientIsNotFinite) {
  const GuardedBuffer<float> gradient(stream(), wave<float>(1025, 1.1));
  const std::vector<float> start = wave<float>(1025, 0.3);
  for (const TensorStats& record :
       {TensorStats{.nan_count = 1}, TensorStats{.sum_squares = 1.0, .inf_count = 1}}) {
    const GuardRecord memory(stream(), record);
    const UpdateGuard guard{.gradients = memory.get(), .max_norm = 1.0};
    Parameter<float> parameter(stream(), start);
    auto sgd = parameter.sgd(gradient.vector());
    auto momentum = parameter.momentum(gradient.vector());
    auto adam = parameter.adam(gradient.vector());
    sgd.guard = momentum.guard = adam.guard = guard;
    sgd_update(stream(), sgd);
    EXPECT_EQ(parameter.sum.download()[0], 0.0);
    momentum_update(stream(), momentum);
    adam_update(stream(), adam);
    EXPECT_EQ(parameter.weight.download(), start);
    EXPECT_EQ(parameter.first.download(), std::vector<float>(1025));
    EXPECT_EQ(parameter.second.download(), std::vector<float>(1025));
    EXPECT_EQ(parameter.steps.download()[0], 0) << "a skipped step counts";
    EXPECT_EQ(parameter.sum.download()[0], 0.0);
    // The next step, with sound gradients, is the first that counts.
    adam.guard = {};
    adam_update(stream(), adam);
    EXPECT_EQ(parameter.steps.download()[0], 1);
    EXPECT_NE(parameter.weight.download(), start);
  }
}

TEST_P(OptimizerGuardTest, MayLetWhatIsNotFinitePass) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0, .nan_count = 1});
  const UpdateGuard guard{.gradients = record.get(), .max_norm = 2.0, .skips_nonfinite = false};
  expect_scaled_by_all(stream(), guard, 0.25f);
}

TEST_P(OptimizerGuardTest, SkipsTheStepWhereTheNormIsBeyondItsLimit) {
  const double below = std::nextafter(8.0, 0.0);
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  expect_skipped_by_all(stream(), {.gradients = record.get(), .skip_above_norm = below});
  expect_skipped_by_all(stream(),
                        {.gradients = record.get(), .max_norm = 1.0, .skip_above_norm = below});
  expect_scaled_by_all(stream(), {.gradients = record.get(), .skip_above_norm = 8.0}, 1.0f);
  expect_scaled_by_all(stream(),
                       {.gradients = record.get(), .max_norm = 2.0, .skip_above_norm = 8.0}, 0.25f);
  const GuardRecord huge(stream(), {.count = 4, .sum_squares = 64.0, .scale_exponent = 600});
  expect_skipped_by_all(stream(), {.gradients = huge.get(), .skip_above_norm = 0x1p602});
  expect_scaled_by_all(stream(), {.gradients = huge.get(), .skip_above_norm = 0x1p603}, 1.0f);
}

TEST_P(OptimizerGuardTest, InfiniteElementsThatMayPassDoNotCountInTheNorm) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0, .inf_count = 2});
  expect_scaled_by_all(stream(),
                       {.gradients = record.get(),
                        .max_norm = 2.0,
                        .skips_nonfinite = false,
                        .skip_above_norm = 8.0},
                       0.25f);
  expect_skipped_by_all(
      stream(), {.gradients = record.get(), .skips_nonfinite = false, .skip_above_norm = 7.0});
}

TEST_P(OptimizerGuardTest, TakesTheNumbersOfItsControlAnewInEveryStep) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  const GuardedBuffer<float> gradient(stream(), wave<float>(1025, 1.1));
  constexpr std::array<UpdateControl, 5> kNumbers = {
      UpdateControl{.learning_rate = 0.02}, UpdateControl{.learning_rate = 0.02, .max_norm = 0.7},
      UpdateControl{.learning_rate = 0.003, .max_norm = 9.0, .skip_above_norm = 8.0},
      UpdateControl{.learning_rate = 0.003, .skip_above_norm = 7.0},
      UpdateControl{.learning_rate = 0.0}};
  for (const Rule rule : kRules) {
    SCOPED_TRACE(static_cast<int>(rule));
    DeviceControl control(stream(), kNumbers[0]);
    // What the host says does not count.
    const UpdateGuard controlled{.gradients = record.get(),
                                 .max_norm = 0.1,
                                 .skip_above_norm = 0.1,
                                 .control = control.get()};
    Parameter<float> guarded(stream(), wave<float>(1025, 0.3));
    Parameter<float> plain(stream(), wave<float>(1025, 0.3));
    for (const UpdateControl& numbers : kNumbers) {
      control.set(stream(), numbers);
      apply(stream(), rule, guarded, gradient.vector(), 100.0, controlled);
      apply(stream(), rule, plain, gradient.vector(), numbers.learning_rate,
            {.gradients = record.get(),
             .max_norm = numbers.max_norm,
             .skip_above_norm = numbers.skip_above_norm});
      expect_equal(guarded, plain);
    }
  }
}

TEST_P(OptimizerGuardTest, AControlThatTheHostWouldRefuseSkipsTheStep) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  for (const UpdateControl& numbers :
       {UpdateControl{.learning_rate = nan}, UpdateControl{.learning_rate = inf},
        UpdateControl{.learning_rate = 1e39}, UpdateControl{.learning_rate = 0.1, .max_norm = nan},
        UpdateControl{.learning_rate = 0.1, .max_norm = 0.0},
        UpdateControl{.learning_rate = 0.1, .skip_above_norm = nan},
        UpdateControl{.learning_rate = 0.1, .skip_above_norm = -1.0}}) {
    const DeviceControl control(stream(), numbers);
    expect_skipped_by_all(stream(), {.gradients = record.get(), .control = control.get()});
  }
}

TEST_P(OptimizerGuardTest, ClippingLeavesTheDecayOfWeightsAsItIs) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  const GuardedBuffer<float> gradient(stream(), std::vector(3, 0.0f));
  Parameter<float> parameter(stream(), std::vector(3, 2.0f));
  apply(stream(), Rule::kAdamW, parameter, gradient.vector(), 0.5,
        {.gradients = record.get(), .max_norm = 0.125});
  EXPECT_EQ(parameter.weight.download(), std::vector(3, 1.5f));
}

class OptimizerBitsTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, OptimizerBitsTest, gpu_devices(), device_name);

TEST_P(OptimizerBitsTest, WeightsAndStateHaveTheBitsOfTheCpu) {
  Stream cpu({.device = DeviceType::kCpu, .threads = 2});
  for (const Rule rule : kRules) {
    SCOPED_TRACE(static_cast<int>(rule));
    std::vector<std::vector<float>> results;
    for (Stream* device : {&cpu, &stream()}) {
      const GuardRecord record(*device, {.count = 4, .sum_squares = 50.0});
      DeviceControl control(*device, {.learning_rate = 0.0});
      Parameter<float> parameter(*device, wave<float>(40009, 0.3));
      for (int step = 0; step < 5; ++step) {
        const GuardedBuffer<float> gradient(*device, wave<float>(40009, 1.1 + 0.2 * step));
        control.set(*device, {.learning_rate = 0.03 / (1 + step),
                              .max_norm = 1.0 + step,
                              .skip_above_norm = step == 2 ? 7.0 : 8.0});
        apply(*device, rule, parameter, gradient.vector(), 1.0,
              {.gradients = record.get(), .control = control.get()});
      }
      results.push_back(parameter.weight.download());
      results.push_back(parameter.first.download());
      results.push_back(parameter.second.download());
    }
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(results[i + 3], results[i]);
  }
}

}  // namespace
}  // namespace gradvitals::test
