// Contract: the rules of monitor/trajectory/trajectory_rule.h but R5, R12 and R18: each just beyond its limit, at it, one
// ulp beside it, and silent on a healthy run. Oracle: the formulas of docs/rules.md, by hand.
#include "monitor/trajectory/trajectory_rule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/monitor/rule_scene.h"

namespace gradvitals::test {
namespace {

TEST(NormSpike, FiresBeyondItsDeviationsAndItsFactorAlone) {
  Scene scene = steady(128);
  // All alike: a deviation is 0.05 decades, six are 0.3, a factor of 1.995; five is the larger limit.
  EXPECT_TRUE(scene.ask(check_norm_spike, unit_step(5.0)).empty()) << "at the factor";
  const std::vector<Finding> found = scene.ask(check_norm_spike, unit_step(above(5.0)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].verdict, Verdict::kUnstable);
  EXPECT_EQ(found[0].severity, kWarning);
  EXPECT_EQ(found[0].threshold, 6.0);
  EXPECT_NEAR(*found[0].value, std::log10(5.0) / 0.05, 1e-12);
  EXPECT_FALSE(found[0].advice.empty());
}

TEST(NormSpike, AtItsDeviationsIsSilent) {
  Thresholds limits;
  limits.spike_factor = 1.0;
  limits.min_norm_deviation = 0.5;
  limits.spike_deviations = 2.0;  // A deviation is 0.5 decades: two are a factor of 10.
  Scene scene(limits);
  for (int i = 0; i < 128; ++i) scene.remember(unit_step());
  EXPECT_TRUE(scene.ask(check_norm_spike, unit_step(10.0)).empty());
  EXPECT_EQ(scene.ask(check_norm_spike, unit_step(10.0 * (1.0 + 1e-12))).size(), 1u);
}

TEST(NormSpike, IsSilentUntilTheWindowHasItsLeast) {
  Scene scene = steady(63);
  EXPECT_TRUE(scene.ask(check_norm_spike, unit_step(1e6)).empty());
  scene.remember(unit_step());
  EXPECT_EQ(scene.ask(check_norm_spike, unit_step(1e6)).size(), 1u);
}

TEST(NormSpike, ANoisyNormNeedsMore) {
  Scene spread;
  for (int i = 0; i < 121; ++i) spread.remember(unit_step(std::pow(10.0, 0.1 * (i % 11 - 5))));
  // -0.5 to 0.5 in elevenths: the middle distance is 0.3, a deviation 0.44, six 2.67 decades.
  EXPECT_TRUE(spread.ask(check_norm_spike, unit_step(400.0)).empty());
  EXPECT_EQ(spread.ask(check_norm_spike, unit_step(500.0)).size(), 1u);
}

TEST(NormSpike, ALongTailAboveCountsAsDeviation) {
  Scene tailed;
  for (int i = 0; i < 120; ++i) tailed.remember(unit_step(i % 10 == 0 ? 10.0 : 1.0));
  // Nine of ten alike, quantile(0.95) is 1 decade above: a deviation is 1 / 1.645, six 3.65 decades.
  EXPECT_TRUE(tailed.ask(check_norm_spike, unit_step(4000.0)).empty());
  EXPECT_EQ(tailed.ask(check_norm_spike, unit_step(5000.0)).size(), 1u);
}

TEST(NormSpike, ALevelThatLastsBecomesTheLevel) {
  Scene scene = steady(128);
  for (int i = 0; i < 127; ++i) {
    ASSERT_EQ(scene.ask(check_norm_spike, unit_step(100.0)).size(), 1u) << i;
    scene.remember(unit_step(100.0));
  }
  for (int i = 0; i < 70; ++i) scene.remember(unit_step(100.0));
  EXPECT_TRUE(scene.ask(check_norm_spike, unit_step(100.0)).empty());
  EXPECT_EQ(scene.ask(check_norm_spike, unit_step(1e4)).size(), 1u);
}

TEST(NormSpike, IsSilentForZeroGradients) {
  Scene scene = steady(128);
  EXPECT_TRUE(scene.ask(check_norm_spike, unit_step(0.0)).empty());
  EXPECT_TRUE(scene.ask(check_norm_collapse, unit_step(0.0)).empty());
}

TEST(TrajectoryMemory, FiniteNormsThatAreInfiniteTogetherEnterNoWindow) {
  Scene scene;
  for (int i = 0; i < 200; ++i) {
    const HealthMetrics metrics = metrics_from_norms({1.5e308, 1.5e308});
    scene.memory.remember(scene.reader.read(metrics, i), {});
  }
  EXPECT_EQ(scene.memory.norms().count(), 0u);
}

TEST(NormCollapse, FiresBelowItsPartOfTheMedian) {
  Scene scene = steady(128);
  EXPECT_TRUE(scene.ask(check_norm_collapse, unit_step(1e-3)).empty()) << "at the limit";
  const std::vector<Finding> found = scene.ask(check_norm_collapse, unit_step(below(1e-3)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].verdict, Verdict::kVanishing);
  EXPECT_EQ(found[0].severity, kWarning);
}

TEST(NormCollapse, InformsWhereTheLossHasFallenAsWell) {
  Scene scene = steady(128);
  MadeStep made = unit_step(1e-4);
  made.loss = 0.1;
  EXPECT_EQ(scene.ask(check_norm_collapse, made).at(0).severity, kWarning) << "at the limit";
  made.loss = below(0.1);
  EXPECT_EQ(scene.ask(check_norm_collapse, made).at(0).severity, kInfo);
}

/// Of the second step in a row with this loss: the median of the last three.
Severity after_bad_steps(Scene& scene, double loss) {
  const MadeStep bad{.kernels = 1, .loss = loss};
  EXPECT_TRUE(scene.ask(check_loss_growth, bad).empty()) << "too few";
  scene.remember(bad);
  const std::vector<Finding> found = scene.ask(check_loss_growth, bad);
  return found.empty() ? kOk : found[0].severity;
}

TEST(LossGrowth, FiresBeyondItsLimits) {
  const auto severity_at = [&](double loss) {
    Scene scene = steady(128);
    return after_bad_steps(scene, loss);
  };
  EXPECT_EQ(severity_at(3.0), kOk);
  EXPECT_EQ(severity_at(above(3.0)), kWarning);
  EXPECT_EQ(severity_at(10.0), kWarning);
  EXPECT_EQ(severity_at(above(10.0)), kCritical);
}

TEST(LossGrowth, WhatIsNoWorseThanUntrainedOnlyWarns) {
  const auto severity_at = [](double loss) {
    Scene scene = steady(20, 1.0, 100.0);
    for (int i = 0; i < 200; ++i) scene.remember({.kernels = 1, .loss = 2.0});
    return after_bad_steps(scene, loss);  // Beside a tenth of the start, 10, and not 2.
  };
  EXPECT_EQ(severity_at(30.0), kOk);
  EXPECT_EQ(severity_at(31.0), kWarning);
  EXPECT_EQ(severity_at(100.0), kWarning);
  EXPECT_EQ(severity_at(101.0), kCritical);
}

TEST(LossGrowth, InTheFirstStepsComparesWithTheStartAndIsCriticalAlone) {
  for (const double loss : {9.0, 11.0}) {
    Scene scene = steady(3);
    const MadeStep bad{.kernels = 1, .loss = loss};
    for (int i = 0; i < 3; ++i) scene.remember(bad);
    const std::vector<Finding> found = scene.ask(check_loss_growth, bad);
    ASSERT_EQ(found.size(), loss > 10.0 ? 1u : 0u);
    if (!found.empty()) {
      EXPECT_EQ(found[0].severity, kCritical);
    }
  }
}

TEST(LossGrowth, ASingleBatchCountsWhereItIsAHundredTimesTheStart) {
  for (const int steps : {1, 128}) {
    Scene scene = steady(steps);
    EXPECT_TRUE(scene.ask(check_loss_growth, MadeStep{.kernels = 1, .loss = 100.0}).empty());
    const std::vector<Finding> found =
        scene.ask(check_loss_growth, MadeStep{.kernels = 1, .loss = above(100.0)});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].severity, kCritical);
  }
}

TEST(LossGrowth, WhatBlowsUpInTheFirstStepsIsNoStart) {
  Scene scene = steady(1);
  for (const double loss : {20.0, 50.0}) scene.remember({.kernels = 1, .loss = loss});
  const std::vector<Finding> found =
      scene.ask(check_loss_growth, MadeStep{.kernels = 1, .loss = 60.0});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].value, 50.0) << "the median of 20, 50 and 60, beside 1";
}

TEST(LossGrowth, NeedsDeviationsAsWell) {
  Scene scene;
  for (int i = 0; i < 128; ++i) {
    MadeStep made = unit_step();
    made.loss = 1.0 + 0.9 * ((i % 11) - 5) / 5.0;
    scene.remember(made);
  }
  EXPECT_EQ(after_bad_steps(scene, 4.0), kOk);
}

TEST(LossGrowth, SaysNothingOfLossesThatAreNegative) {
  Scene scene = steady(128, 1.0, -5.0);
  EXPECT_EQ(after_bad_steps(scene, -100.0), kOk);
  EXPECT_EQ(after_bad_steps(scene, 100.0), kOk);
}

/// The loss as it is after each of `factor`, `factor`^2, ...
TEST(Drift, FindsALossThatRisesByOnePercentAStepWithinAHundred) {
  Scene scene;
  for (int i = 0; i < 150; ++i) scene.remember({.kernels = 1, .loss = rippled(1.0, 0.1, i)});
  int delay = 0;
  double level = 1.0;
  for (; delay < 200; ++delay) {
    level *= 1.01;
    const MadeStep made{.kernels = 1, .loss = rippled(level, 0.1, delay)};
    if (!scene.ask(check_drift, made).empty()) break;
    scene.remember(made);
  }
  EXPECT_LT(delay, 100);
  EXPECT_GT(delay, 5);
}

TEST(Drift, FiresBeyondItsLimitAlone) {
  Scene scene = steady(128);
  // 8 % above the median of ones. A deviation is 2 % at least: four, less the slack of one. From the
  // seventh on such losses make the tail of the window: 0.08 / 1.645, which leaves 0.645.
  const MadeStep made{.kernels = 1, .gradient = 1.0, .loss = 1.08};
  double expected = 0.0;
  int steps = 0;
  for (; expected <= 40.0; ++steps) {
    ASSERT_TRUE(scene.ask(check_drift, made).empty()) << expected;
    scene.remember(made);
    expected += steps < 7 ? 3.0 : 0.645;
  }
  const std::vector<Finding> found = scene.ask(check_drift, made);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(*found[0].value, expected, 1e-9);
  EXPECT_EQ(found[0].verdict, Verdict::kUnstable);
}

TEST(Drift, OfTheNormCountsOnlyWhereTheLossStandsStill) {
  for (const bool learns : {false, true}) {
    Scene scene;
    std::size_t found = 0;
    double norm = 1.0;
    for (int i = 0; i < 228; ++i) {
      if (i >= 128) norm *= 1.02;
      MadeStep made = unit_step(norm);
      made.loss = learns ? std::exp(-0.005 * i) : 1.0;
      found += scene.ask(check_drift, made).size();
      scene.remember(made);
    }
    EXPECT_EQ(found > 0, !learns);
  }
}

TEST(Drift, NoiseAloneIsNoDrift) {
  Scene scene;
  for (int i = 0; i < 5000; ++i) {
    const MadeStep made{.kernels = 1, .loss = rippled(1.0, 0.3, i * i + i / 7)};
    ASSERT_TRUE(scene.ask(check_drift, made).empty()) << i;
    scene.remember(made);
  }
}

TEST(LossNotDecreasing, FiresWhereTheLastStepsAreNoBetterThanTheFirst) {
  for (const double last : {1.02, 0.995, 0.991, 0.98}) {
    Scene scene = steady(16);
    for (int i = 0; i < 111; ++i) scene.remember({.kernels = 1, .loss = last});
    EXPECT_TRUE(scene.ask(check_loss_not_decreasing, unit_step()).empty()) << "one step short";
    scene.remember({.kernels = 1, .loss = last});
    const std::vector<Finding> found = scene.ask(check_loss_not_decreasing, unit_step());
    EXPECT_EQ(found.size(), last > 0.99 ? 1u : 0u) << last;
    for (const Finding& finding : found) EXPECT_EQ(finding.verdict, Verdict::kStalled);
  }
}

TEST(LossNotDecreasing, AStepWithoutALossIsNotJudged) {
  Scene scene = steady(130);
  EXPECT_TRUE(
      scene.ask(check_loss_not_decreasing, MadeStep{.kernels = 1, .loss = std::nullopt}).empty());
}

TEST(LossNotDecreasing, AConstantLossOfZeroIsFinite) {
  Scene scene = steady(130, 1.0, 0.0);
  const std::vector<Finding> found =
      scene.ask(check_loss_not_decreasing, MadeStep{.kernels = 1, .loss = 0.0});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].value, 0.0);
}

/// One kernel whose weights are all of this size.
std::vector<Finding> initial_findings(double weight, Activation activation, std::int64_t inputs,
                                      std::int64_t units) {
  Scene scene;
  const std::vector<double> values(static_cast<std::size_t>(inputs * units), weight);
  TensorRecord gradient = kernel("dense/kernel", values);
  gradient.activation = activation;
  TensorRecord weights = tensor("dense/kernel", Role::kWeight, 0, values);
  weights.rank = 2;
  weights.rows = inputs;
  weights.cols = units;
  weights.unit_axis = UnitAxis::kCols;
  return scene.ask(check_initial_variance, metrics_of({gradient, weights}));
}

TEST(InitialVariance, InformsOfWeightsFarFromWhatTheirActivationAsksFor) {
  const auto is_found = [](double weight, Activation activation) {
    return !initial_findings(weight, activation, 1, 1).empty();
  };
  EXPECT_FALSE(is_found(1.0, Activation::kTanh));
  EXPECT_FALSE(is_found(std::sqrt(10.0) * (1 - 1e-9), Activation::kTanh));
  EXPECT_TRUE(is_found(std::sqrt(10.0) * (1 + 1e-9), Activation::kTanh));
  EXPECT_FALSE(is_found(std::sqrt(20.0) * (1 - 1e-9), Activation::kRelu));
  EXPECT_TRUE(is_found(std::sqrt(20.0) * (1 + 1e-9), Activation::kRelu));
  const std::vector<Finding> small = initial_findings(0.1, Activation::kRelu, 1, 1);
  ASSERT_EQ(small.size(), 1u);
  EXPECT_EQ(small[0].severity, kInfo);
  EXPECT_EQ(small[0].verdict, Verdict::kVanishing);
}

TEST(InitialVariance, WhatGlorotAsksForWhereWidthsChangeIsFine) {
  const double glorot = std::sqrt(2.0 / (1 + 64));  // He asks for 2 / 1: 65 times as much.
  EXPECT_TRUE(initial_findings(glorot, Activation::kRelu, 1, 64).empty());
  EXPECT_EQ(initial_findings(glorot * 0.3, Activation::kRelu, 1, 64).size(), 1u);
}

TEST(TrajectoryRules, AreSilentWithoutEvidence) {
  Scene scene;
  for (const TrajectoryRule& rule : trajectory_rules()) {
    EXPECT_TRUE(scene.ask(rule.check, HealthMetrics{}).empty()) << rule.title;
    EXPECT_TRUE(scene.ask(rule.check, MadeStep{.kernels = 1, .loss = {}}).empty()) << rule.title;
  }
}

}  // namespace
}  // namespace gradvitals::test
