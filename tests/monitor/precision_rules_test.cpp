// Contract: R21 and R25 find what half precision and clipping have done to a gradient.
// Oracle: metrics made by hand.
#include "monitor/rules/diagnosis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

TensorRecord half(const std::string& name, std::int64_t subnormal, std::int64_t count) {
  TensorRecord record = kernel(name, {1e-3});
  record.dtype = DType::kFloat16;
  record.stats.count = count;
  record.stats.sum_squares *= static_cast<double>(count);
  record.stats.subnormal_count = subnormal;
  return record;
}

TEST(Underflow, FiresBeyondItsShareOfWhatIsNotZero) {
  const auto limit = std::llround(1000 * kLimits.subnormal_fraction);
  EXPECT_EQ(fired(diagnose(metrics_of({half("w", limit, 1000)}))), "");
  const Diagnosis diagnosis =
      diagnose(metrics_of({half("w", limit + 1, 1000), half("v", 0, 1000)}));
  EXPECT_EQ(fired(diagnosis), "R21");
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
  EXPECT_NE(diagnosis.findings.front().text.find("1 of 2 kernels"), std::string::npos);
  TensorRecord mostly_zero = half("w", 145, 1000);
  mostly_zero.stats.zero_count = 850;
  EXPECT_EQ(fired(diagnose(metrics_of({mostly_zero}))).substr(0, 3), "R21");
}

TEST(Underflow, OfABiasIsNone) {
  TensorRecord bias = half("b", 1000, 1000);
  bias.rank = 1;
  EXPECT_EQ(severity_of(diagnose(metrics_of({bias, half("w", 0, 1000)})), RuleId::kUnderflow), kOk);
}

TEST(Underflow, IsNoMatterOfFloat32) {
  TensorRecord record = half("w", 1000, 1000);
  record.dtype = DType::kFloat32;
  EXPECT_EQ(severity_of(diagnose(metrics_of({record})), RuleId::kUnderflow), kOk);
}

TEST(ScaledNorm, OfExactlyOneWasClipped) {
  const double part = 1.0 / std::sqrt(2.0);
  const Diagnosis diagnosis = diagnose(metrics_of({gradient("a", {part}), gradient("b", {part})}));
  EXPECT_EQ(fired(diagnosis), "R25");
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("a", {part}), gradient("b", {part * 1.01})}))), "");
}

TEST(ScaledNorm, OfOneOverAPowerOfTwoWasClippedBeforeItWasUnscaled) {
  const double part = 1.0 / 65536 / std::sqrt(2.0);
  const Diagnosis diagnosis = diagnose(metrics_of({gradient("a", {part}), gradient("b", {part})}));
  EXPECT_EQ(fired(diagnosis).substr(0, 3), "R25");
  EXPECT_GE(diagnosis.severity, kWarning);
  EXPECT_NE(diagnosis.findings.front().text.find("1.526e-05"), std::string::npos);
}

TEST(ScaledNorm, OneOverTheLossScaleCounts) {
  HealthMetrics metrics = metrics_of({gradient("a", {0.6e-3}), gradient("b", {0.8e-3})});
  EXPECT_EQ(severity_of(diagnose(metrics), RuleId::kScaledNorm), kOk);
  metrics.loss_scale = 1000.0;
  EXPECT_EQ(severity_of(diagnose(metrics), RuleId::kScaledNorm), kWarning);
}

}  // namespace
}  // namespace gradvitals::test
