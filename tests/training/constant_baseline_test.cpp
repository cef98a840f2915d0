// Contract: training/constant_baseline.h. Oracle: networks whose outputs are known, and the mean by hand.
#include "training/constant_baseline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/expect_close.h"
#include "tests/support/tolerances.h"
#include "training/model_spec.h"

namespace gradvitals::test {
namespace {

/// y = 2 x for x = 0, 1, ..., rows - 1, over rows.
Samples line(std::int64_t rows) {
  Samples samples{.rows = rows, .x = {}, .y = {}};
  for (std::int64_t i = 0; i < rows; ++i) {
    const float x = static_cast<float>(i) / static_cast<float>(rows);
    samples.x.push_back(x);
    samples.y.push_back(2.0F * x);
  }
  return samples;
}

class ConstantBaselineTest : public testing::Test {
 protected:
  /// y = slope x + offset.
  ConstantBaseline compared(float slope, float offset, const Samples& samples) {
    Sequential model = build_model(stream_, parse_model_spec("1-1"));
    const std::vector<Parameter*> parameters = model.trainable_variables();
    parameters[0]->value = Tensor::from_host<float>(stream_, {1, 1}, std::vector{slope});
    parameters[1]->value = Tensor::from_host<float>(stream_, {1}, std::vector{offset});
    return compare_with_constant(stream_, model, LossKind::kMse, samples);
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
};

TEST_F(ConstantBaselineTest, ALineIsMoreThanAConstantAndItsMeanIsNot) {
  const Samples samples = line(100);
  const ConstantBaseline learnt = compared(2.0F, 0.0F, samples);
  EXPECT_TRUE(learnt.is_beaten);
  EXPECT_EQ(learnt.loss, 0.0);
  // The variance of 2 i / n over i: 4 (n^2 - 1) / (12 n^2).
  expect_close(learnt.constant_loss, 4.0 * (1e4 - 1.0) / 12e4, kGoldenNorm);
  const ConstantBaseline mean = compared(0.0F, 0.99F, samples);
  EXPECT_FALSE(mean.is_beaten);
  expect_close(mean.loss, mean.constant_loss, kGoldenNorm);
}

TEST_F(ConstantBaselineTest, AnInfiniteLossBeatsNothing) {
  EXPECT_FALSE(compared(std::nanf(""), 0.0F, line(10)).is_beaten);
}

TEST_F(ConstantBaselineTest, ManySamplesAreComparedByRowsOfAllOfThem) {
  // Sorted: the first rows alone have a small variance.
  const ConstantBaseline sampled = compared(0.0F, 1.0F, line(50'000));
  EXPECT_NEAR(sampled.constant_loss, 4.0 / 12.0, 0.01 * 4.0 / 12.0);
}

TEST(VariedTargets, AreRowsThatDiffer) {
  EXPECT_TRUE(has_varied_targets(line(2)));
  EXPECT_FALSE(has_varied_targets({.rows = 2, .x = {0, 1}, .y = {3, 4, 3, 4}}));
  EXPECT_TRUE(has_varied_targets({.rows = 2, .x = {0, 1}, .y = {3, 4, 3, 5}}));
  EXPECT_FALSE(has_varied_targets({.rows = 1, .x = {0}, .y = {3}}));
}

}  // namespace
}  // namespace gradvitals::test
