// Contract: training/learning_rate.h. Oracle: the formulas, at steps where they are exact.
#include "training/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {
namespace {

const RateRange kRates = float32_rates({});

TEST(LearningRate, ConstantIsTheSameInEveryStep) {
  const LearningRate rate{.base = 0.25};
  for (const std::int64_t step : {0, 1, 99, 1000}) EXPECT_EQ(rate.at(step, 100), 0.25);
}

TEST(LearningRate, WarmUpGrowsInEqualStepsAndReachesTheBaseInItsLast) {
  const LearningRate rate{.base = 1.0, .warmup_steps = 4};
  EXPECT_EQ(rate.at(0, 100), 0.25);
  EXPECT_EQ(rate.at(1, 100), 0.5);
  EXPECT_EQ(rate.at(3, 100), 1.0);
  EXPECT_EQ(rate.at(4, 100), 1.0);
}

TEST(LearningRate, CosineFallsFromTheBaseToTheFloorOfTheLastStep) {
  const LearningRate rate{
      .base = 1.0, .warmup_steps = 2, .decay = LearningRateDecay::kCosine, .floor = 0.2};
  EXPECT_EQ(rate.at(2, 13), 1.0);
  expect_close(rate.at(7, 13), 0.6, ulps<double>(8));  // Half way.
  expect_close(rate.at(12, 13), 0.2, ulps<double>(8));
  EXPECT_EQ(rate.at(50, 13), rate.at(12, 13));
  for (std::int64_t step = 3; step < 13; ++step) {
    EXPECT_LT(rate.at(step, 13), rate.at(step - 1, 13)) << "step " << step;
  }
}

TEST(LearningRate, CosineWithoutStepsBehindTheWarmUpKeepsTheBase) {
  const LearningRate rate{.base = 1.0, .warmup_steps = 5, .decay = LearningRateDecay::kCosine};
  EXPECT_EQ(rate.at(5, 6), 1.0);
  EXPECT_EQ(rate.at(5, 3), 1.0);
}

TEST(LearningRate, RefusesWhatIsNoRate) {
  expect_invalid([] { check(LearningRate{.base = 0.0}, kRates); }, {"base", "0"});
  expect_invalid([] { check(LearningRate{.base = std::nan("")}, kRates); }, {"base", "nan"});
  expect_invalid([] { check(LearningRate{.base = INFINITY}, kRates); }, {"base", "inf"});
  expect_invalid([] { check(LearningRate{.warmup_steps = -1}, kRates); }, {"warmup_steps", "-1"});
  expect_invalid([] { check(LearningRate{.base = 0.1, .floor = 0.2}, kRates); },
                 {"floor", "0.2", "0.1"});
  expect_invalid([] { check(LearningRate{.floor = std::nan("")}, kRates); }, {"floor", "nan"});
  EXPECT_NO_THROW(check(LearningRate{.base = 0.1, .floor = 0.1}, kRates));
}

TEST(LearningRate, RefusesWhatFloat32CannotMakeStepsWith) {
  expect_invalid([] { check(LearningRate{.base = 1e39}, kRates); }, {"base", "1e+39", "3.4e+37"});
  expect_invalid([] { check(LearningRate{.base = 1e-46}, kRates); }, {"base", "1e-46", "1.18e-38"});
  expect_invalid([] { check(LearningRate{.base = 1e-36, .warmup_steps = 1000}, kRates); },
                 {"warm-up", "1e-39"});
  EXPECT_NO_THROW(check(LearningRate{.base = 1e-36, .warmup_steps = 10}, kRates));
  // Without moments the rate itself is what a step has.
  const RateRange sgd = float32_rates({.kind = OptimizerKind::kSgd});
  EXPECT_NO_THROW(check(LearningRate{.base = 3e38}, sgd));
  expect_invalid([&] { check(LearningRate{.base = 4e38}, sgd); }, {"base", "4e+38"});
  EXPECT_EQ(float32_rates({.kind = OptimizerKind::kAdamW, .weight_decay = 1e10}).highest,
            double{std::numeric_limits<float>::max()} / 1e10);
}

TEST(LearningRate, ItsSummaryTellsSettingsApart) {
  EXPECT_EQ(summary(LearningRate{.base = 0.001}), "0.001");
  EXPECT_EQ(summary(LearningRate{.base = 0.1, .warmup_steps = 5}), "0.1, warm-up of 5 steps");
  EXPECT_EQ(summary(LearningRate{.base = 0.1, .decay = LearningRateDecay::kCosine, .floor = 0.01}),
            "0.1, cosine to 0.01");
}

TEST(LearningRate, NamesOfDecaysAreReadBack) {
  for (const auto decay : {LearningRateDecay::kConstant, LearningRateDecay::kCosine}) {
    EXPECT_EQ(parse_learning_rate_decay(name(decay)), decay);
  }
  EXPECT_FALSE(parse_learning_rate_decay("linear"));
}

}  // namespace
}  // namespace gradvitals::test
