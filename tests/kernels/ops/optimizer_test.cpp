// Contract: kernels/ops/optimizer.h. Oracle: the published recurrences in long double, scalar by
// scalar, restarted at every step from the state as stored, so that roundings do not pile up; and
// Adam's first steps by hand. Tolerances: tolerances.h, "Optimizers".
// Longer than most: the optimizers share one oracle, and guards change what it expects of each.
#include "kernels/ops/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/stats/tensor_stats.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

using Real = long double;

constexpr std::array<std::int64_t, 11> kSizes = {0,   1,   31,   32,   33,   255,
                                                 256, 257, 1023, 1025, 40009};

template <class T>
std::vector<T> wave(std::int64_t count, double frequency) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<T>(2 * std::cos(frequency * static_cast<double>(i))));
  }
  return values;
}

template <class T>
double sum_of_squared_steps(const std::vector<T>& before, const std::vector<T>& after) {
  Real sum = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Real step = static_cast<Real>(after[i]) - static_cast<Real>(before[i]);
    sum += step * step;
  }
  return static_cast<double>(sum);
}

/// A parameter with its state, all on the device and guarded.
template <class T>
struct Parameter {
  Parameter(Stream& stream, const std::vector<T>& start, std::int64_t misalignment_bytes = 0)
      : weight(stream, start, misalignment_bytes),
        first(stream, std::vector<T>(start.size()), misalignment_bytes),
        second(stream, std::vector<T>(start.size())),
        steps(stream, std::vector<std::int64_t>(1)),
        sum(stream, 1) {}

  SgdUpdate<T> sgd(VectorView<const T> gradient) {
    return {.gradient = gradient, .weight = weight.vector(), .update_sum_squares = sum.vector()};
  }
  MomentumUpdate<T> momentum(VectorView<const T> gradient) {
    return {.gradient = gradient,
            .weight = weight.vector(),
            .velocity = first.vector(),
            .update_sum_squares = sum.vector()};
  }
  AdamUpdate<T> adam(VectorView<const T> gradient) {
    return {.gradient = gradient,
            .weight = weight.vector(),
            .first_moment = first.vector(),
            .second_moment = second.vector(),
            .steps = steps.vector(),
            .update_sum_squares = sum.vector()};
  }

  void expect_guards() const {
    EXPECT_TRUE(weight.guards_intact());
    EXPECT_TRUE(first.guards_intact());
    EXPECT_TRUE(second.guards_intact());
    EXPECT_TRUE(steps.guards_intact());
    EXPECT_TRUE(sum.guards_intact());
  }
  void expect_sum_since(const std::vector<T>& before) const {
    const double expected = sum_of_squared_steps(before, weight.download());
    expect_close(sum.download()[0], expected, update_sum(weight.count()));
  }

  GuardedBuffer<T> weight;
  GuardedBuffer<T> first;   ///< velocity or first moment
  GuardedBuffer<T> second;  ///< second moment
  GuardedBuffer<std::int64_t> steps;
  GuardedBuffer<double> sum;
};

template <class T>
void expect_sgd(Stream& stream, std::int64_t size, std::int64_t misalignment) {
  const std::vector<T> g = wave<T>(size, 1.1);
  const GuardedBuffer<T> gradient(stream, g, misalignment);
  Parameter<T> parameter(stream, wave<T>(size, 0.3), misalignment);
  auto op = parameter.sgd(gradient.vector());
  op.learning_rate = 0.05;
  const std::vector<T> before = parameter.weight.download();
  sgd_update(stream, op);
  std::vector<Real> expected;
  for (std::size_t i = 0; i < before.size(); ++i) {
    expected.push_back(before[i] - Real(0.05) * g[i]);
  }
  expect_close(parameter.weight.download(), expected, kOptimizerStep<T>);
  parameter.expect_sum_since(before);
  parameter.expect_guards();
}

template <class T>
void expect_momentum(Stream& stream, std::int64_t size, bool nesterov) {
  Parameter<T> parameter(stream, wave<T>(size, 0.3));
  for (int step = 0; step < 4; ++step) {
    const std::vector<T> g = wave<T>(size, 1.1 + 0.2 * step);
    const GuardedBuffer<T> gradient(stream, g);
    auto op = parameter.momentum(gradient.vector());
    op.learning_rate = 0.05;
    op.momentum = 0.8;
    op.nesterov = nesterov;
    const std::vector<T> w = parameter.weight.download();
    const std::vector<T> v = parameter.first.download();
    momentum_update(stream, op);
    std::vector<Real> velocity;
    std::vector<Real> weight;
    for (std::size_t i = 0; i < w.size(); ++i) {
      velocity.push_back(Real(0.8) * v[i] - Real(0.05) * g[i]);
      weight.push_back(w[i] +
                       (nesterov ? Real(0.8) * velocity[i] - Real(0.05) * g[i] : velocity[i]));
    }
    expect_close(parameter.first.download(), velocity, kOptimizerStep<T>);
    expect_close(parameter.weight.download(), weight, kOptimizerStep<T>);
    parameter.expect_sum_since(w);
    parameter.expect_guards();
  }
}

template <class T>
void expect_adam(Stream& stream, std::int64_t size, std::int64_t misalignment) {
  Parameter<T> parameter(stream, wave<T>(size, 0.3), misalignment);
  for (int step = 1; step <= 4; ++step) {
    const std::vector<T> g = wave<T>(size, 1.1 + 0.2 * step);
    const GuardedBuffer<T> gradient(stream, g);
    auto op = parameter.adam(gradient.vector());
    op.learning_rate = 0.05;
    const std::vector<T> w = parameter.weight.download();
    const std::vector<T> m = parameter.first.download();
    const std::vector<T> v = parameter.second.download();
    adam_update(stream, op);
    std::vector<Real> first;
    std::vector<Real> second;
    std::vector<Real> weight;
    for (std::size_t i = 0; i < w.size(); ++i) {
      first.push_back(Real(0.9) * m[i] + Real(0.1) * g[i]);
      second.push_back(Real(0.999) * v[i] + Real(0.001) * g[i] * g[i]);
      const Real m_hat = first[i] / (1 - std::pow(Real(0.9), step));
      const Real v_hat = second[i] / (1 - std::pow(Real(0.999), step));
      weight.push_back(w[i] - Real(0.05) * m_hat / (std::sqrt(v_hat) + Real(1e-8)));
    }
    expect_close(parameter.first.download(), first, kOptimizerStep<T>);
    expect_close(parameter.second.download(), second, kOptimizerStep<T>);
    expect_close(parameter.weight.download(), weight, kOptimizerStep<T>);
    parameter.expect_sum_since(w);
    parameter.expect_guards();
  }
}

class OptimizerTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, OptimizerTest, all_devices(), device_name);

TEST_P(OptimizerTest, SgdFollowsTheGradientAtEverySizeAndAlignment) {
  for (const std::int64_t size : kSizes) {
    for (const std::int64_t misalignment : {0, 4, 12}) {
      SCOPED_TRACE(testing::Message() << size << " " << misalignment);
      expect_sgd<float>(stream(), size, misalignment);
    }
  }
}

TEST_P(OptimizerTest, MomentumFollowsKeras) {
  for (const std::int64_t size : kSizes) {
    for (const bool nesterov : {false, true}) {
      SCOPED_TRACE(testing::Message() << size << " nesterov " << nesterov);
      expect_momentum<float>(stream(), size, nesterov);
    }
  }
}

TEST_P(OptimizerTest, AdamFollowsAlgorithm1) {
  for (const std::int64_t size : kSizes) {
    for (const std::int64_t misalignment : {0, 4}) {
      SCOPED_TRACE(testing::Message() << size << " " << misalignment);
      expect_adam<float>(stream(), size, misalignment);
    }
  }
}

TEST_P(OptimizerTest, AdamsFirstTwoStepsByHand) {
  // Step 1, g = 0.5: m = 0.05, v = 0.00025, both corrections undo the decay: w = 1 - 0.1 * 1.
  // Step 2, g = -0.25: m = 0.02, m_hat = 0.02 / 0.19; v = 0.00031225, v_hat = 0.00031225 /
  // 0.001999; w = 0.9 - 0.1 * 0.105263158 / 0.395222500 = 0.873366101.
  Parameter<float> parameter(stream(), {1.0f});
  const std::array<float, 2> gradients = {0.5f, -0.25f};
  const std::array<double, 2> weights = {0.9, 0.873366101};
  for (int step = 1; step <= 2; ++step) {
    const GuardedBuffer<float> gradient(stream(), std::vector{gradients[step - 1]});
    auto op = parameter.adam(gradient.vector());
    op.learning_rate = 0.1;
    adam_update(stream(), op);
    expect_close(parameter.weight.download()[0], weights[step - 1], kOptimizerStep<float>);
  }
}

TEST_P(OptimizerTest, AdamTakesFullStepsForTinyGradientsAndNoneForZero) {
  const std::vector<float> g = {1e-6f, -1e-6f, 0.0f};
  const GuardedBuffer<float> gradient(stream(), g);
  Parameter<float> parameter(stream(), {1.0f, 1.0f, 1.0f});
  auto op = parameter.adam(gradient.vector());
  op.learning_rate = 0.1;
  adam_update(stream(), op);
  const double step = 0.1 * 1e-6 / (1e-6 + 1e-8);
  expect_close(parameter.weight.download(), std::vector{1.0 - step, 1.0 + step, 1.0},
               kOptimizerStep<float>);
}

TEST_P(OptimizerTest, UpdateSumIsOfWhatWasStored) {
  // A step below half an ulp leaves the weight where it is: the update applied is 0.
  const GuardedBuffer<float> gradient(stream(), std::vector(3, 1.0f));
  Parameter<float> parameter(stream(), std::vector(3, 1.0f));
  auto op = parameter.sgd(gradient.vector());
  op.learning_rate = 1e-9;
  sgd_update(stream(), op);
  EXPECT_EQ(parameter.sum.download()[0], 0.0);
  EXPECT_EQ(parameter.weight.download(), std::vector(3, 1.0f));
}

TEST_P(OptimizerTest, UpdateSumOfLargeAndSmallStepsStaysInFloat64) {
  const std::vector<float> g = {1e25f, 1e-25f};
  const GuardedBuffer<float> gradient(stream(), g);
  Parameter<float> parameter(stream(), {0.0f, 0.0f});
  auto op = parameter.sgd(gradient.vector());
  op.learning_rate = 1.0;
  sgd_update(stream(), op);
  parameter.expect_sum_since({0.0f, 0.0f});  // About 1e50: float32 squares would be infinite.
}

TEST_P(OptimizerTest, UpdateSumMayBeLeftOut) {
  const GuardedBuffer<float> gradient(stream(), wave<float>(100, 1.1));
  Parameter<float> with(stream(), wave<float>(100, 0.3));
  Parameter<float> without(stream(), wave<float>(100, 0.3));
  adam_update(stream(), with.adam(gradient.vector()));
  auto op = without.adam(gradient.vector());
  op.update_sum_squares = {};
  adam_update(stream(), op);
  expect_close(without.weight.download(), with.weight.download(), kExact);
}

TEST_P(OptimizerTest, NanGradientsReachWeightAndSum) {
  for (const std::size_t place : {0, 20, 40}) {
    std::vector<float> g(41, 1.0f);
    g[place] = std::numeric_limits<float>::quiet_NaN();
    const GuardedBuffer<float> gradient(stream(), g);
    Parameter<float> parameter(stream(), std::vector(41, 1.0f));
    adam_update(stream(), parameter.adam(gradient.vector()));
    const std::vector<float> weight = parameter.weight.download();
    EXPECT_EQ(std::ranges::count_if(weight, [](float w) { return std::isnan(w); }), 1);
    EXPECT_TRUE(std::isnan(weight[place]));
    EXPECT_TRUE(std::isnan(parameter.sum.download()[0]));
  }
}

// Guards.

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

template <class Update>
void expect_scaled(Stream& stream, const UpdateGuard& guard, float scale, Update update) {
  const std::vector<float> g = wave<float>(1025, 1.1);
  std::vector<float> scaled;
  for (const float x : g) scaled.push_back(scale * x);
  const GuardedBuffer<float> gradient(stream, g);
  const GuardedBuffer<float> scaled_gradient(stream, scaled);
  Parameter<float> guarded(stream, wave<float>(1025, 0.3));
  Parameter<float> plain(stream, wave<float>(1025, 0.3));
  for (int step = 0; step < 3; ++step) {
    update(guarded, gradient.vector(), guard);
    update(plain, scaled_gradient.vector(), UpdateGuard{});
  }
  EXPECT_EQ(guarded.weight.download(), plain.weight.download());
  EXPECT_EQ(guarded.first.download(), plain.first.download());
  EXPECT_EQ(guarded.second.download(), plain.second.download());
  EXPECT_EQ(guarded.sum.download(), plain.sum.download());
}

void expect_scaled_by_all(Stream& stream, const UpdateGuard& guard, float scale) {
  using Gradient = VectorView<const float>;
  expect_scaled(stream, guard, scale,
                [&](Parameter<float>& p, const Gradient& g, const UpdateGuard& guard_of_p) {
                  auto op = p.sgd(g);
                  op.guard = guard_of_p;
                  sgd_update(stream, op);
                });
  expect_scaled(stream, guard, scale,
                [&](Parameter<float>& p, const Gradient& g, const UpdateGuard& guard_of_p) {
                  auto op = p.momentum(g);
                  op.guard = guard_of_p;
                  momentum_update(stream, op);
                });
  expect_scaled(stream, guard, scale,
                [&](Parameter<float>& p, const Gradient& g, const UpdateGuard& guard_of_p) {
                  auto op = p.adam(g);
                  op.guard = guard_of_p;
                  adam_update(stream, op);
                });
}

TEST_P(OptimizerTest, AGuardScalesLongGradientsToItsLimit) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  expect_scaled_by_all(stream(), {.gradients = record.get(), .max_norm = 2.0}, 0.25f);
  const GuardRecord huge(stream(), {.count = 4, .sum_squares = 64.0, .scale_exponent = 600});
  expect_scaled_by_all(stream(), {.gradients = huge.get(), .max_norm = 0x1p603}, 1.0f);
  expect_scaled_by_all(stream(), {.gradients = huge.get(), .max_norm = 0x1p601}, 0.25f);
}

TEST_P(OptimizerTest, AGuardLeavesShorterGradientsAsTheyAre) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  expect_scaled_by_all(stream(), {.gradients = record.get(), .max_norm = 8.0}, 1.0f);
  expect_scaled_by_all(stream(), {.gradients = record.get()}, 1.0f);
  const GuardRecord zero(stream(), {.count = 4});
  expect_scaled_by_all(stream(), {.gradients = zero.get(), .max_norm = 1e-3}, 1.0f);
}

TEST_P(OptimizerTest, AGuardSkipsTheStepWhereAnyGradientIsNotFinite) {
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

TEST_P(OptimizerTest, AGuardMayLetWhatIsNotFinitePass) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0, .nan_count = 1});
  const UpdateGuard guard{.gradients = record.get(), .max_norm = 2.0, .skips_nonfinite = false};
  expect_scaled_by_all(stream(), guard, 0.25f);
}

TEST_P(OptimizerTest, AdamCountsItsSteps) {
  const GuardedBuffer<float> gradient(stream(), wave<float>(5000, 1.1));
  Parameter<float> parameter(stream(), wave<float>(5000, 0.3));
  for (int step = 0; step < 5; ++step) adam_update(stream(), parameter.adam(gradient.vector()));
  EXPECT_EQ(parameter.steps.download()[0], 5);
}

TEST_P(OptimizerTest, AdamsBiasCorrectionHoldsLateInTraining) {
  // After a million steps 0.999^step is 0, and the update plain:
  // w - rate * m / (sqrt(v) + epsilon).
  const GuardedBuffer<float> gradient(stream(), std::vector{0.5f});
  Parameter<float> parameter(stream(), {1.0f});
  parameter.steps.upload(std::vector<std::int64_t>{1'000'000});
  auto op = parameter.adam(gradient.vector());
  op.learning_rate = 0.01;
  adam_update(stream(), op);
  const double m = 0.1 * 0.5, v = 0.001 * 0.25;
  expect_close(parameter.weight.download()[0], 1.0 - 0.01 * m / (std::sqrt(v) + 1e-8),
               kOptimizerStep<float>);
}

TEST_P(OptimizerTest, RefusesShapesThatDoNotFit) {
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

TEST_P(OptimizerTest, RefusesSettingsOutOfRange) {
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
  }
  auto unguarded = parameter.sgd(gradient.vector());
  unguarded.guard.max_norm = 1.0;
  expect_invalid([&] { sgd_update(stream(), unguarded); },
                 {"sgd_update", "guard.max_norm is given", "guard.gradients is null"});
  EXPECT_EQ(parameter.weight.download(), std::vector(3, 1.0f)) << "a refused op changes nothing";
}

TEST(Optimizer, DoublesFollowTheSameRecurrences) {
  Stream stream;
  for (const std::int64_t size : {0, 1, 3, 33, 257}) {
    SCOPED_TRACE(size);
    expect_sgd<double>(stream, size, 8);
    expect_momentum<double>(stream, size, false);
    expect_momentum<double>(stream, size, true);
    expect_adam<double>(stream, size, 8);
  }
}

TEST(Optimizer, ThreadCountsDoNotShow) {
  const std::vector<float> g = wave<float>(100003, 1.1);
  std::vector<std::vector<float>> weights;
  std::vector<double> sums;
  for (const int threads : {1, 2, 3}) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    const GuardedBuffer<float> gradient(stream, g);
    Parameter<float> parameter(stream, wave<float>(100003, 0.3));
    adam_update(stream, parameter.adam(gradient.vector()));
    weights.push_back(parameter.weight.download());
    sums.push_back(parameter.sum.download()[0]);
  }
  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_EQ(weights[0], weights[2]);
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(sums[0], sums[2]);
}

TEST(Optimizer, AnUpdateOfMoreElementsThanChunksHoldIsWhole) {
  Stream stream;
  const std::int64_t size = (std::int64_t{1} << 21) + 1;
  const GuardedBuffer<float> gradient(stream, std::vector<float>(size, 1.0f));
  Parameter<float> parameter(stream, std::vector<float>(size, 2.0f));
  auto op = parameter.sgd(gradient.vector());
  op.learning_rate = 0.5;
  sgd_update(stream, op);
  EXPECT_EQ(parameter.weight.download(), std::vector<float>(size, 1.5f));
  EXPECT_EQ(parameter.sum.download()[0], 0.25 * static_cast<double>(size));
}

}  // namespace
}  // namespace gradvitals::test
