// Contract: the notebook's keys from norms, as NumPy computes them; fractions; what can be judged.
// Oracle: values worked out by hand.
// Tolerance: rounded() for the two moments, exact for the rest.
#include "monitor/metrics/health_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "monitor/metrics/gradient_norms.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

// Mean and deviation of a handful of values: fewer than 16 roundings each.
constexpr test::Tolerance kMoments = test::rounded<double>(16);

HealthMetrics from(std::vector<double> norms) {
  return metrics_from_norms(norms);
}

TEST(MetricsFromNorms, HaveThePopulationStandardDeviation) {
  const HealthMetrics metrics = from({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(metrics.min_gradient, 2.0);
  EXPECT_EQ(metrics.max_gradient, 9.0);
  expect_close(metrics.mean_gradient, 5.0, kMoments);
  expect_close(metrics.std_gradient, 2.0, kMoments);
  EXPECT_EQ(metrics.total_layers, 8);
  EXPECT_EQ(metrics.gradient_norms, (std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9}));
  EXPECT_FALSE(metrics.loss.has_value());
  EXPECT_TRUE(metrics.tensors.empty());
}

TEST(MetricsFromNorms, CountStrictlyBelowTheLimitsAndVanishedAsWeak) {
  const double below_vanished = std::nextafter(1e-6, 0.0);
  const double below_weak = std::nextafter(1e-4, 0.0);
  const HealthMetrics metrics = from({0.0, below_vanished, 1e-6, below_weak, 1e-4, 1.0});
  EXPECT_EQ(metrics.vanished_layers, 2);
  EXPECT_EQ(metrics.weak_layers, 4);
}

TEST(MetricsFromNorms, KeepASmallSpreadBesideALargeMean) {
  const HealthMetrics metrics = from({1e8 + 1, 1e8 + 3});
  EXPECT_EQ(metrics.mean_gradient, 1e8 + 2);
  EXPECT_EQ(metrics.std_gradient, 1.0);
}

TEST(MetricsFromNorms, StayRightAtBothEndsOfFloat64) {
  const HealthMetrics smallest = from({5e-324, 1.5e-323});
  EXPECT_EQ(smallest.mean_gradient, 1e-323);
  EXPECT_EQ(smallest.std_gradient, 5e-324);
  const double max = std::numeric_limits<double>::max();
  EXPECT_EQ(from({max, max}).mean_gradient, max);
  EXPECT_EQ(from({max, max}).std_gradient, 0.0);
}

TEST(MetricsFromNorms, StayFiniteWhereSquaresWouldNot) {
  const HealthMetrics large = from({1e300, 3e300});
  expect_close(large.mean_gradient, 2e300, kMoments);
  expect_close(large.std_gradient, 1e300, kMoments);
  for (const double scale : {0x1p+399, 0x1p+400, 0x1p+401, 0x1p-399, 0x1p-400, 0x1p-401}) {
    const HealthMetrics edge = from({scale, 3 * scale});
    expect_close(edge.mean_gradient, 2 * scale, kMoments);
    expect_close(edge.std_gradient, scale, kMoments);
  }
  const HealthMetrics small = from({1e-300, 3e-300});
  expect_close(small.mean_gradient, 2e-300, kMoments);
  expect_close(small.std_gradient, 1e-300, kMoments);
}

TEST(MetricsFromNorms, AreNaNWithANaNAnywhere) {
  for (const std::vector<double>& norms :
       {std::vector{kNaN, 1.0, 2.0}, {1.0, kNaN, 2.0}, {1.0, 2.0, kNaN}, {kNaN}}) {
    const HealthMetrics metrics = metrics_from_norms(norms);
    EXPECT_TRUE(std::isnan(metrics.min_gradient));
    EXPECT_TRUE(std::isnan(metrics.max_gradient));
    EXPECT_TRUE(std::isnan(metrics.mean_gradient));
    EXPECT_TRUE(std::isnan(metrics.std_gradient));
    EXPECT_EQ(metrics.vanished_layers, 0);
    EXPECT_EQ(metrics.weak_layers, 0);
  }
}

TEST(MetricsFromNorms, OfAnInfinityHaveInfiniteMeanAndNoDeviation) {
  const HealthMetrics metrics = from({1.0, kInf});
  EXPECT_EQ(metrics.min_gradient, 1.0);
  EXPECT_EQ(metrics.max_gradient, kInf);
  EXPECT_EQ(metrics.mean_gradient, kInf);
  EXPECT_TRUE(std::isnan(metrics.std_gradient));
}

TEST(MetricsFromNorms, OfNothingAreNaNAndZeroCounts) {
  const HealthMetrics metrics = from({});
  EXPECT_TRUE(std::isnan(metrics.min_gradient));
  EXPECT_TRUE(std::isnan(metrics.max_gradient));
  EXPECT_TRUE(std::isnan(metrics.mean_gradient));
  EXPECT_TRUE(std::isnan(metrics.std_gradient));
  EXPECT_EQ(metrics.total_layers, 0);
  EXPECT_EQ(metrics.vanished_layers, 0);
}

TEST(LayerUnits, FractionsOfNothingAreZero) {
  EXPECT_EQ(LayerUnits{}.dead_unit_fraction(), 0.0);
  EXPECT_EQ(LayerUnits{}.saturation_fraction(), 0.0);
}

TEST(LayerUnits, FractionsAreOfUnitsAndOfElements) {
  LayerUnits record = test::units(0, Activation::kRelu, false, 8, 4);
  record.dead_unit_count = 2;
  record.saturated_count = 8;
  EXPECT_EQ(record.dead_unit_fraction(), 0.25);
  EXPECT_EQ(record.saturation_fraction(), 0.25);
}

TEST(GradientNorms, OfNormsAreNamedByPosition) {
  const auto gradients = gradient_norms_of(from({0.5, kNaN, 0.25, kInf}), Thresholds{});
  ASSERT_EQ(gradients.size(), 2u);
  EXPECT_EQ(gradients[0].name, "gradient 1");
  EXPECT_EQ(gradients[1].name, "gradient 3");
  EXPECT_EQ(gradients[1].norm, 0.25);
  EXPECT_FALSE(gradients[1].rms.has_value());
}

TEST(GradientNorms, LeaveOutWhatHasNoMagnitude) {
  const HealthMetrics metrics = metrics_of(
      {gradient("empty", {}), gradient("all_nan", {kNaN, kNaN}), test::missing_gradient("missing"),
       test::tensor("weight", Role::kWeight, 0, {1.0}), gradient("part", {3.0, kNaN, 4.0}, 2)});
  const auto gradients = gradient_norms_of(metrics, Thresholds{});
  ASSERT_EQ(gradients.size(), 1u);
  EXPECT_EQ(gradients[0].name, "part");
  EXPECT_EQ(gradients[0].layer, 2);
  EXPECT_EQ(gradients[0].norm, 5.0);
  EXPECT_FALSE(gradients[0].is_whole);
}

TEST(CanBeJudged, IsFalseWithoutAnyElement) {
  EXPECT_FALSE(can_be_judged(HealthMetrics{}));
  EXPECT_FALSE(can_be_judged(from({})));
  EXPECT_FALSE(can_be_judged(metrics_of({gradient("empty", {})})));
}

TEST(CanBeJudged, IsFalseForWeightsAlone) {
  EXPECT_FALSE(can_be_judged(metrics_of({test::tensor("w", Role::kWeight, 0, {1.0})})));
  HealthMetrics metrics;
  metrics.loss = 0.1;
  EXPECT_FALSE(can_be_judged(metrics));
}

TEST(CanBeJudged, IsTrueForAnyEvidence) {
  EXPECT_TRUE(can_be_judged(from({0.1})));
  EXPECT_TRUE(can_be_judged(from({kNaN})));
  EXPECT_TRUE(can_be_judged(metrics_of({gradient("empty", {}), gradient("g", {0.0})})));
  EXPECT_TRUE(can_be_judged(metrics_of({test::missing_gradient("w")})));
  EXPECT_TRUE(can_be_judged(metrics_of({test::tensor("d", Role::kDelta, 0, {1.0})})));
  EXPECT_TRUE(can_be_judged(metrics_of({test::tensor("w", Role::kWeight, 0, {kNaN})})));
  HealthMetrics metrics;
  metrics.loss = kNaN;
  EXPECT_TRUE(can_be_judged(metrics));
}

}  // namespace
}  // namespace gradvitals::test
