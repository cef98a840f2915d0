// Contract: every rule about magnitudes fires beyond its limit and nowhere else.
// Oracle: metrics made by hand, just inside, at and just beyond each limit.
// Tolerance: none. sqrt(x * x) is |x| in IEEE arithmetic, so a tensor of one element has exactly
// the norm that a test sets.
#include "monitor/rules/diagnosis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

// A limit on a magnitude, as a family of metrics that differ in the judged value alone.

struct Boundary {
  std::string name;
  RuleId rule;
  std::function<HealthMetrics(double)> metrics;
  double limit;
  bool fires_above;
  Severity inside;
  Severity outside;
  Thresholds thresholds = {};
};

void PrintTo(const Boundary& boundary, std::ostream* out) {
  *out << boundary.name;
}

class RuleBoundary : public ::testing::TestWithParam<Boundary> {
 protected:
  Diagnosis diagnosis_at(double value) const {
    return diagnose(GetParam().metrics(value), GetParam().thresholds);
  }
  Severity severity_at(double value) const {
    return severity_of(diagnosis_at(value), GetParam().rule);
  }
};

TEST_P(RuleBoundary, IsCrossedStrictly) {
  const Boundary& boundary = GetParam();
  const double towards_inside = boundary.fires_above ? -kInf : kInf;
  EXPECT_EQ(severity_at(std::nextafter(boundary.limit, towards_inside)), boundary.inside);
  EXPECT_EQ(severity_at(boundary.limit), boundary.inside);
  EXPECT_EQ(severity_at(std::nextafter(boundary.limit, -towards_inside)), boundary.outside);
}

TEST_P(RuleBoundary, ReportsValueLimitAndAdvice) {
  const Boundary& boundary = GetParam();
  const double outside = boundary.limit * (boundary.fires_above ? 1.25 : 0.75);
  const Diagnosis diagnosis = diagnosis_at(outside);
  const Finding& finding = finding_of(diagnosis, boundary.rule);
  EXPECT_EQ(finding.value, outside);
  EXPECT_EQ(finding.threshold, boundary.limit);
  EXPECT_TRUE(finding.text.ends_with('.')) << finding.text;
  EXPECT_GE(finding.advice.size(), 2u);
  EXPECT_LE(finding.advice.size(), 3u);
}

TEST_P(RuleBoundary, NaNIsNonFiniteAndNothingElse) {
  const Diagnosis diagnosis = diagnosis_at(kNaN);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(fired(diagnosis), "R1");
}

HealthMetrics one_tensor(double value) {
  return metrics_of({gradient("w", {value})});
}

HealthMetrics one_norm(double value) {
  return metrics_from_norms(std::vector{value});
}

HealthMetrics one_kernel(double value) {
  return metrics_of({kernel("k", {value}), gradient("b", {0.5})});
}

HealthMetrics kernel_beside_weight(double value) {
  HealthMetrics metrics = metrics_of({kernel("k", {value})});
  metrics.tensors.push_back(tensor("k", Role::kWeight, -1, {1.0}));
  return metrics;
}

constexpr double kSmall = 0x1p-14;  // A power of two: ratios to it are exact.

HealthMetrics tensor_range(double ratio) {
  return metrics_of({gradient("a", {kSmall}), gradient("b", {kSmall * ratio})});
}

HealthMetrics norm_range(double ratio) {
  return metrics_from_norms(std::vector{kSmall, kSmall * ratio});
}

/// The rms twin alone, on the one tensor whose rms is known to the last bit.
constexpr Thresholds kRmsAlone{.vanished_norm = 0.0, .complete_failure_norm = 0.0};

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleBoundary,
    ::testing::Values(Boundary{"R4Norm", RuleId::kVanishedGradients, one_tensor,
                               kLimits.vanished_norm, false, kOk, kCritical},
                      Boundary{"R4NormAlone", RuleId::kVanishedGradients, one_norm,
                               kLimits.vanished_norm, false, kOk, kCritical},
                      Boundary{"R4Rms", RuleId::kVanishedGradients, one_tensor,
                               kLimits.vanished_rms, false, kOk, kCritical, kRmsAlone},
                      Boundary{"R6", RuleId::kCompleteFailure, one_tensor,
                               kLimits.complete_failure_norm, false, kOk, kCritical},
                      Boundary{"R6NormAlone", RuleId::kCompleteFailure, one_norm,
                               kLimits.complete_failure_norm, false, kOk, kCritical},
                      Boundary{"R8WarningToWeight", RuleId::kLargeGradients, kernel_beside_weight,
                               kLimits.gradient_to_weight.warning, true, kOk, kWarning},
                      Boundary{"R8CriticalToWeight", RuleId::kLargeGradients, kernel_beside_weight,
                               kLimits.gradient_to_weight.critical, true, kWarning, kCritical},
                      Boundary{"R8WarningRms", RuleId::kLargeGradients, one_kernel,
                               kLimits.large_rms.warning, true, kOk, kWarning},
                      Boundary{"R8CriticalRms", RuleId::kLargeGradients, one_kernel,
                               kLimits.large_rms.critical, true, kWarning, kCritical},
                      Boundary{"R8WarningRmsOfNoKernel", RuleId::kLargeGradients, one_tensor,
                               kLimits.large_rms.warning, true, kOk, kWarning},
                      Boundary{"R8WarningNormAlone", RuleId::kLargeGradients, one_norm,
                               kLimits.large_norm.warning, true, kOk, kWarning},
                      Boundary{"R8CriticalNormAlone", RuleId::kLargeGradients, one_norm,
                               kLimits.large_norm.critical, true, kWarning, kCritical},
                      Boundary{"R9", RuleId::kNormRange, tensor_range, kLimits.range_ratio, true,
                               kOk, kInfo},
                      Boundary{"R9NormAlone", RuleId::kNormRange, norm_range, kLimits.range_ratio,
                               true, kOk, kInfo}),
    [](const auto& boundary) { return boundary.param.name; });

}  // namespace
}  // namespace gradvitals::test
