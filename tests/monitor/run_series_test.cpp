// Contract: RunSeries holds a whole run in a bounded number of points, and loses no extreme and no step
// that was not finite. Oracle: the steps that were added.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "monitor/history/run_series.h"
#include "tests/monitor/history_fixtures.h"

namespace gradvitals::test {
namespace {

/// Gradients of two kernels, `norms` of one element each.
HealthMetrics series_step(std::int64_t step, std::vector<double> norms) {
  std::vector<TensorRecord> records;
  for (std::size_t i = 0; i < norms.size(); ++i) {
    records.push_back(tensor("dense_" + std::to_string(i) + "/kernel", Role::kGradient,
                             static_cast<int>(i), {norms[i]}));
    records.back().dtype = DType::kFloat64;
  }
  HealthMetrics metrics = metrics_of(std::move(records));
  metrics.step = step;
  metrics.loss = 1.0 / static_cast<double>(step + 1);
  return metrics;
}

RunSeries series_of(std::int64_t steps, const std::vector<double>& norms,
                    SeriesOptions options = {}) {
  RunSeries series(options);
  for (std::int64_t step = 0; step < steps; ++step) series.add(series_step(step, norms), {}, {});
  return series;
}

TEST(RunSeries, KeepsAShortRunStepByStep) {
  RunSeries series;
  for (const double norm : {1.0, 4.0, 2.0})
    series.add(series_step(series.steps(), {norm, 0.5}), {}, {});
  EXPECT_EQ(series.steps_per_point(), 1);
  ASSERT_EQ(series.points().size(), 3U);
  EXPECT_EQ(series.points()[1].tensors[0].max, 4.0);
  EXPECT_EQ(series.points()[2].tensors[0].last, 2.0);
  ASSERT_EQ(series.tensors().size(), 2U);
  EXPECT_EQ(series.tensors()[0].name, "dense_0/kernel");
  EXPECT_EQ(series.tensors()[0].max_norm, 4.0);
  EXPECT_EQ(series.tensors()[0].max_norm_step, 1);
  EXPECT_EQ(series.tensors()[0].last_norm, 2.0);
  EXPECT_EQ(series.tensors()[1].layer, 1);
}

TEST(RunSeries, EveryExtremeOfALongRunStaysInItsPoint) {
  RunSeries series({.points = 32});
  constexpr std::int64_t kSteps = 1003;
  const auto norm_of = [](std::int64_t step) {
    if (step == 500) return 1e9;
    if (step == 501) return 1e-9;
    if (step == 502) return kNaN;
    return static_cast<double>(1 + step % 7);
  };
  for (std::int64_t step = 0; step < kSteps; ++step)
    series.add(series_step(step, {norm_of(step)}), {}, {});
  ASSERT_LE(series.points().size(), 32U);
  ASSERT_GE(series.points().size(), 16U);
  std::int64_t next = 0, nonfinite = 0;
  for (const SeriesPoint& point : series.points()) {
    EXPECT_EQ(point.steps.first_step, next);
    next = point.steps.last_step + 1;
    double least = INFINITY, most = 0.0;
    for (std::int64_t step = point.steps.first_step; step < next; ++step) {
      if (!std::isfinite(norm_of(step))) continue;
      least = std::min(least, norm_of(step));
      most = std::max(most, norm_of(step));
    }
    EXPECT_EQ(point.tensors[0].min, least);
    EXPECT_EQ(point.tensors[0].max, most);
    nonfinite += point.tensors[0].nonfinite;
  }
  EXPECT_EQ(next, kSteps);
  EXPECT_EQ(nonfinite, 1);
  EXPECT_EQ(series.tensors()[0].first_nonfinite_step, 502);
  EXPECT_EQ(series.tensors()[0].max_norm_step, 500);
}

TEST(RunSeries, ManyTensorsGetFewerPoints) {
  const RunSeries series =
      series_of(2000, std::vector<double>(50, 1.0), {.points = 512, .values = 5000});
  EXPECT_LE(series.points().size() * series.tensors().size(), 5000U);
  EXPECT_GE(series.points().size(), 32U);
  EXPECT_EQ(series.points().back().steps.last_step, 1999);
}

TEST(RunSeries, ATensorThatComesLaterIsAbsentBefore) {
  RunSeries series;
  series.add(series_step(0, {1.0}), {}, {});
  series.add(series_step(1, {1.0, 2.0}), {}, {});
  series.add(series_step(2, {1.0}), {}, {});
  ASSERT_EQ(series.tensors().size(), 2U);
  EXPECT_EQ(series.points()[0].tensors.size(), 1U);
  EXPECT_EQ(series.points()[1].tensors[1].max, 2.0);
  EXPECT_EQ(series.points()[2].tensors[1].finite, 0);
  EXPECT_EQ(series.tensors()[1].last_step, 1);
}

TEST(RunSeries, AGradientThatIsNotThereIsMissingAndNotZero) {
  HealthMetrics metrics = series_step(3, {1.0, 2.0});
  metrics.tensors[1].exists = false;
  metrics.tensors[1].stats = {};
  RunSeries series;
  series.add(metrics, {}, {});
  EXPECT_EQ(series.points()[0].tensors[1].missing, 1);
  EXPECT_EQ(series.points()[0].tensors[1].finite, 0);
  EXPECT_FALSE(series.tensors()[1].exists);
  EXPECT_FALSE(series.tensors()[1].max_norm.has_value());
}

TEST(RunSeries, AGradientKnowsItsWeightAndItsUpdate) {
  RunSeries series;
  const HealthMetrics metrics = light_step(7);
  series.add(metrics, {}, {});
  ASSERT_EQ(series.tensors().size(), 2U);
  const SeriesTensor& kernel = series.tensors()[0];
  EXPECT_EQ(kernel.weight_norm, metrics.tensors[2].stats.l2_norm());
  EXPECT_EQ(kernel.update_norm, std::sqrt(metrics.tensors[4].stats.sum));
  EXPECT_FALSE(series.tensors()[1].update_norm.has_value());
}

TEST(RunSeries, NormsAloneAreTensorsTooButNotTheirTotal) {
  HealthMetrics metrics = metrics_from_norms({3.0, 4.0, 5.0});
  metrics.gradient_names = {"a", "b", "grad_norm"};
  RunSeries series;
  series.add(metrics, {}, {});
  ASSERT_EQ(series.tensors().size(), 2U);
  EXPECT_EQ(series.tensors()[1].name, "b");
  EXPECT_TRUE(series.tensors()[1].is_known_by_norm);
  EXPECT_EQ(series.points()[0].tensors[1].last, 4.0);
}

TEST(RunSeries, TensorsOfOneNameInTwoNetworksAreTwo) {
  HealthMetrics metrics = series_step(0, {1.0, 2.0});
  metrics.networks = {"g", "d"};
  metrics.tensors[1].name = metrics.tensors[0].name;
  metrics.tensors[1].network = 1;
  RunSeries series;
  series.add(metrics, {}, {});
  ASSERT_EQ(series.tensors().size(), 2U);
  EXPECT_EQ(series.tensors()[1].network, "d");
  EXPECT_EQ(series.points()[0].tensors[1].last, 2.0);
}

TEST(RunSeries, RefusesTooFewPoints) {
  EXPECT_THROW(RunSeries({.points = 30}), std::invalid_argument);
  EXPECT_THROW(RunSeries({.points = 33}), std::invalid_argument);
}

}  // namespace
}  // namespace gradvitals::test
