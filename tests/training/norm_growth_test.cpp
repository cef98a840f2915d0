// Contract: training/norm_growth.h. Oracle: norms by hand.
#include "training/norm_growth.h"

#include <gtest/gtest.h>

namespace gradvitals::test {
namespace {

TensorRecord tensor_of_norm(const char* name, Role role, double norm, std::int64_t nan_count = 0) {
  TensorRecord tensor;
  tensor.name = name;
  tensor.role = role;
  tensor.stats.count = 4;
  tensor.stats.sum_squares = norm * norm;
  tensor.stats.nan_count = nan_count;
  return tensor;
}

HealthMetrics step_of(std::int64_t step, std::vector<TensorRecord> tensors) {
  HealthMetrics metrics;
  metrics.step = step;
  metrics.tensors = std::move(tensors);
  return metrics;
}

TEST(NormGrowth, NamesWhatGrewByTheLargestFactorFirst) {
  const HealthMetrics first = step_of(
      7, {tensor_of_norm("a", Role::kGradient, 2.0), tensor_of_norm("a", Role::kWeight, 1.0),
          tensor_of_norm("b", Role::kGradient, 5.0)});
  const HealthMetrics second = step_of(
      8, {tensor_of_norm("a", Role::kGradient, 1.0), tensor_of_norm("a", Role::kWeight, 2.0),
          tensor_of_norm("b", Role::kGradient, 4.0)});
  const HealthMetrics third = step_of(
      9, {tensor_of_norm("a", Role::kGradient, 16.0), tensor_of_norm("a", Role::kWeight, 3.0),
          tensor_of_norm("b", Role::kGradient, 4.0)});
  const std::vector<NormGrowth> growth = fastest_growth({&first, &second, &third}, 8);
  ASSERT_EQ(growth.size(), 2U);
  EXPECT_EQ(growth[0].tensor, "a");
  EXPECT_EQ(growth[0].role, Role::kGradient);
  EXPECT_EQ(growth[0].first_step, 8);
  EXPECT_EQ(growth[0].first_norm, 1.0);
  EXPECT_EQ(growth[0].last_step, 9);
  EXPECT_EQ(growth[0].last_norm, 16.0);
  EXPECT_EQ(growth[1].role, Role::kWeight);
  EXPECT_EQ(growth[1].factor(), 3.0);
  EXPECT_EQ(fastest_growth({&first, &second, &third}, 1).size(), 1U);
}

TEST(NormGrowth, LeavesOutStepsThatAreNotFiniteAndNormsOfZero) {
  const HealthMetrics first = step_of(0, {tensor_of_norm("a", Role::kGradient, 0.0)});
  const HealthMetrics second = step_of(1, {tensor_of_norm("a", Role::kGradient, 2.0)});
  const HealthMetrics third = step_of(2, {tensor_of_norm("a", Role::kGradient, 3.0)});
  const HealthMetrics last = step_of(3, {tensor_of_norm("a", Role::kGradient, 90.0, 1)});
  const std::vector<NormGrowth> growth = fastest_growth({&first, &second, &third, &last}, 8);
  ASSERT_EQ(growth.size(), 1U);
  EXPECT_EQ(growth[0].first_step, 1);
  EXPECT_EQ(growth[0].last_step, 2);
  EXPECT_EQ(growth[0].factor(), 1.5);
}

TEST(NormGrowth, LooksAtGradientsAndWeightsAlone) {
  const HealthMetrics first = step_of(0, {tensor_of_norm("a", Role::kDelta, 1.0)});
  const HealthMetrics second = step_of(1, {tensor_of_norm("a", Role::kDelta, 9.0)});
  EXPECT_TRUE(fastest_growth({&first, &second}, 8).empty());
  EXPECT_TRUE(fastest_growth({}, 8).empty());
}

}  // namespace
}  // namespace gradvitals::test
