// Contract: app/monitor_gradient_health.h, the loss that it takes. Oracle: a model of one weight,
// followed by hand. Tolerance: float32.
#include "app/monitor_gradient_health.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "framework/layers/dense.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

constexpr double kTolerance = 1e-6;

/// z = 3 w with w = 0.5, at target 1.
class MonitorGradientHealth : public ::testing::Test {
 protected:
  HealthMetrics metrics(auto... kind) {
    return app::monitor_gradient_health(stream_, model_, number(3), number(1), kind...);
  }
  Tensor number(float value) {
    return Tensor::from_host<float>(stream_, {1, 1}, std::vector<float>{value});
  }

 private:
  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
  Sequential model_{
      stream_,
      {.name = "One", .input_shape = {1}},
      Dense({.name = "weight", .value = number(0.5F)}, std::nullopt, Activation::kLinear)};
};

/// The only norm and the loss.
void expect_step(const HealthMetrics& metrics, double loss, double gradient) {
  ASSERT_TRUE(metrics.loss.has_value());
  EXPECT_NEAR(*metrics.loss, loss, kTolerance);
  ASSERT_EQ(metrics.gradient_norms.size(), 1U);
  EXPECT_NEAR(metrics.gradient_norms[0], gradient, kTolerance);
}

TEST_F(MonitorGradientHealth, TakesTheMeanSquaredErrorByDefault) {
  expect_step(metrics(), 0.25, 3);
  expect_step(metrics(LossKind::kMse), 0.25, 3);
}

TEST_F(MonitorGradientHealth, TakesTheLossItIsGiven) {
  const double probability = 1 / (1 + std::exp(-1.5));
  expect_step(metrics(LossKind::kBinaryCrossEntropyFromLogits), -std::log(probability),
              3 * (1 - probability));
}

TEST_F(MonitorGradientHealth, RecordsEverythingOnTheTapeAndTheWeights) {
  const HealthMetrics all = metrics();
  for (const Role role :
       {Role::kGradient, Role::kPreActivation, Role::kOutput, Role::kDelta, Role::kWeight}) {
    EXPECT_EQ(std::ranges::count(all.tensors, role, &TensorRecord::role), 1) << name(role);
  }
}

}  // namespace
}  // namespace gradvitals::test
