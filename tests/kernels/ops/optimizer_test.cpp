// Contract: kernels/ops/optimizer.h. Oracle: the published recurrences in long double, scalar by
// scalar, restarted at every step from the state as stored, so that roundings do not pile up; and
// Adam's first steps by hand. Tolerances: tolerances.h, "Optimizers".
#include "kernels/ops/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/kernels/ops/optimizer_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

constexpr std::array<std::int64_t, 11> kOptimizerSizes = {0,   1,   31,   32,   33,   255,
                                                          256, 257, 1023, 1025, 40009};

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
void expect_adam(Stream& stream, std::int64_t size, std::int64_t misalignment,
                 double weight_decay = 0) {
  Parameter<T> parameter(stream, wave<T>(size, 0.3), misalignment);
  for (int step = 1; step <= 4; ++step) {
    const std::vector<T> g = wave<T>(size, 1.1 + 0.2 * step);
    const GuardedBuffer<T> gradient(stream, g);
    auto op = parameter.adam(gradient.vector());
    op.learning_rate = 0.05;
    op.weight_decay = weight_decay;
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
      weight.push_back(w[i] - Real(0.05) * m_hat / (std::sqrt(v_hat) + Real(1e-8)) -
                       Real(0.05) * Real(weight_decay) * w[i]);
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
  for (const std::int64_t size : kOptimizerSizes) {
    for (const std::int64_t misalignment : {0, 4, 12}) {
      SCOPED_TRACE(testing::Message() << size << " " << misalignment);
      expect_sgd<float>(stream(), size, misalignment);
    }
  }
}

TEST_P(OptimizerTest, MomentumFollowsKeras) {
  for (const std::int64_t size : kOptimizerSizes) {
    for (const bool nesterov : {false, true}) {
      SCOPED_TRACE(testing::Message() << size << " nesterov " << nesterov);
      expect_momentum<float>(stream(), size, nesterov);
    }
  }
}

TEST_P(OptimizerTest, AdamFollowsAlgorithm1) {
  for (const std::int64_t size : kOptimizerSizes) {
    for (const std::int64_t misalignment : {0, 4}) {
      SCOPED_TRACE(testing::Message() << size << " " << misalignment);
      expect_adam<float>(stream(), size, misalignment);
    }
  }
}

TEST_P(OptimizerTest, AdamWithWeightDecayFollowsAlgorithm2OfItsPaper) {
  for (const std::int64_t size : kOptimizerSizes) {
    SCOPED_TRACE(size);
    expect_adam<float>(stream(), size, 0, 0.3);
  }
}

TEST_P(OptimizerTest, AdamWithWeightDecayTakesPyTorchsFirstTwoStepsByHand) {
  // The steps are those below, of 0.1 and -0.026633899: decay stays out of the moments.
  // 1 (1 - 0.1 * 0.1) - 0.1 = 0.89;  0.89 (1 - 0.1 * 0.1) - 0.026633899 = 0.854466101.
  Parameter<float> parameter(stream(), {1.0f});
  const std::array<float, 2> gradients = {0.5f, -0.25f};
  const std::array<double, 2> weights = {0.89, 0.854466101};
  for (std::size_t step = 0; step < 2; ++step) {
    const GuardedBuffer<float> gradient(stream(), std::vector{gradients[step]});
    auto op = parameter.adam(gradient.vector());
    op.learning_rate = 0.1;
    op.weight_decay = 0.1;
    adam_update(stream(), op);
    expect_close(parameter.weight.download()[0], weights[step], kOptimizerStep<float>);
  }
}

TEST_P(OptimizerTest, AWeightWithoutGradientDecaysByItself) {
  const GuardedBuffer<float> gradient(stream(), std::vector(2, 0.0f));
  Parameter<float> parameter(stream(), {2.0f, -8.0f});
  auto op = parameter.adam(gradient.vector());
  op.learning_rate = 0.5;
  op.weight_decay = 0.25;
  adam_update(stream(), op);
  EXPECT_EQ(parameter.weight.download(), (std::vector{1.75f, -7.0f}));
  EXPECT_EQ(parameter.first.download(), std::vector(2, 0.0f));
  EXPECT_EQ(parameter.sum.download()[0], 0.0625 + 1.0);
}

TEST_P(OptimizerTest, AnInfiniteWeightStaysOneWithoutDecay) {
  const float inf = std::numeric_limits<float>::infinity();
  const GuardedBuffer<float> gradient(stream(), std::vector(1, 1.0f));
  Parameter<float> parameter(stream(), {inf});
  adam_update(stream(), parameter.adam(gradient.vector()));
  EXPECT_EQ(parameter.weight.download()[0], inf);
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

TEST(Optimizer, DoublesFollowTheSameRecurrences) {
  Stream stream;
  for (const std::int64_t size : {0, 1, 3, 33, 257}) {
    SCOPED_TRACE(size);
    expect_sgd<double>(stream, size, 8);
    expect_momentum<double>(stream, size, false);
    expect_momentum<double>(stream, size, true);
    expect_adam<double>(stream, size, 8);
    expect_adam<double>(stream, size, 8, 0.3);
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
