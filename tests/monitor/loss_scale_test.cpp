// Contract: monitor/metrics/loss_scale.h. Oracle: the statistics of values that were divided before.
#include "monitor/metrics/loss_scale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "tests/monitor/report_networks.h"

namespace gradvitals::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(LossScale, DividesGradientsAndDeltasAndNothingElse) {
  HealthMetrics metrics = named_metrics({64.0, 32.0});
  metrics.tensors.push_back(tensor_with_norm("delta", Role::kDelta, 0, 16.0));
  metrics.tensors.push_back(tensor_with_norm("weight", Role::kWeight, 0, 8.0));
  metrics.tensors.push_back(tensor_with_norm("z", Role::kPreActivation, 0, 4.0));
  divide_by_loss_scale(metrics, 32.0);
  EXPECT_EQ(metrics.loss_scale, 32.0);
  const std::vector<double> norms = {2.0, 1.0, 0.5, 8.0, 4.0};
  ASSERT_EQ(metrics.tensors.size(), norms.size());
  for (std::size_t i = 0; i < norms.size(); ++i) {
    EXPECT_DOUBLE_EQ(metrics.tensors[i].stats.l2_norm(), norms[i]) << metrics.tensors[i].name;
  }
  EXPECT_EQ(metrics.gradient_norms, (std::vector<double>{2.0, 1.0}));
  EXPECT_EQ(metrics.min_gradient, 1.0);
  EXPECT_EQ(metrics.max_gradient, 2.0);
  EXPECT_EQ(metrics.mean_gradient, 1.5);
  EXPECT_EQ(metrics.std_gradient, 0.5);
}

TEST(LossScale, LayersVanishByTheirDividedNorms) {
  HealthMetrics metrics = named_metrics({1.0, 0.05, 1e-3});
  EXPECT_EQ(metrics.weak_layers, 0);
  divide_by_loss_scale(metrics, 65536.0);
  EXPECT_EQ(metrics.weak_layers, 3);
  EXPECT_EQ(metrics.vanished_layers, 2);
  EXPECT_EQ(metrics.total_layers, 3);
}

TEST(LossScale, OfASummaryWithoutNormsDividesTheSummary) {
  HealthMetrics metrics;
  metrics.min_gradient = 2.0;
  metrics.max_gradient = 8.0;
  metrics.mean_gradient = 4.0;
  metrics.std_gradient = 1.0;
  metrics.vanished_layers = 3;
  divide_by_loss_scale(metrics, 4.0);
  EXPECT_EQ(metrics.min_gradient, 0.5);
  EXPECT_EQ(metrics.max_gradient, 2.0);
  EXPECT_EQ(metrics.mean_gradient, 1.0);
  EXPECT_EQ(metrics.std_gradient, 0.25);
  EXPECT_EQ(metrics.vanished_layers, 3) << "they cannot be counted again without norms";
}

TEST(LossScale, DividesEveryStatisticButTheCounts) {
  TensorStats stats;
  stats.count = 4;
  stats.zero_count = 1;
  stats.subnormal_count = 1;
  stats.sum = 6.0;
  stats.sum_squares = 20.0;
  stats.max_abs = 4.0;
  stats.min_abs_nonzero = 2.0;
  const TensorStats divided = divided_by(stats, 3.0);  // No power of two.
  EXPECT_DOUBLE_EQ(divided.l2_norm(), std::sqrt(20.0) / 3.0);
  EXPECT_DOUBLE_EQ(divided.rms(), std::sqrt(5.0) / 3.0);
  EXPECT_DOUBLE_EQ(divided.mean(), 0.5);
  EXPECT_DOUBLE_EQ(divided.max_abs, 4.0 / 3.0);
  EXPECT_DOUBLE_EQ(divided.min_abs_nonzero, 2.0 / 3.0);
  EXPECT_EQ(divided.count, 4);
  EXPECT_EQ(divided.zero_count, 1);
  EXPECT_EQ(divided.subnormal_count, 1);
}

TEST(LossScale, SquaresKeepEveryDigitAndLeaveNoRange) {
  TensorStats stats;
  stats.count = 1;
  stats.sum_squares = 9e-320;  // Subnormal: divided by 2^20 squared, it would be 0.
  const double norm = stats.l2_norm();
  EXPECT_EQ(divided_by(stats, 0x1p20).l2_norm(), norm * 0x1p-20);
  EXPECT_EQ(divided_by(divided_by(stats, 0x1p300), 0x1p-300).l2_norm(), norm);
  EXPECT_EQ(divided_by(TensorStats{}, 0x1p20).l2_norm(), 0.0);
}

TEST(LossScale, ThatIsNotPositiveAndFiniteIsRefusedAndChangesNothing) {
  for (const double scale : {0.0, -1.0, kInf, std::nan("")}) {
    HealthMetrics metrics = named_metrics({64.0});
    EXPECT_THROW(divide_by_loss_scale(metrics, scale), std::invalid_argument) << scale;
    EXPECT_EQ(metrics.tensors[0].stats.l2_norm(), 64.0);
    EXPECT_EQ(metrics.loss_scale, 1.0);
  }
}

}  // namespace
}  // namespace gradvitals::test
