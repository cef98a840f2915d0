// Contract: the notebook's text and score keep each quirk of its code, and the full rules do better on
// the same gradients.
// Oracle: the notebook's code, read by hand; one test for each quirk.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "monitor/rules/diagnosis.h"
#include "monitor/rules/notebook_interpreter.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

bool says(const HealthMetrics& metrics, const std::string& words) {
  return interpret_gradient_health(metrics).find(words) != std::string::npos;
}

constexpr const char* kNoVanishing = "✅ GOOD: No significant vanishing gradient problems detected";
constexpr const char* kNoExplosion = "✅ GOOD: No gradient explosion detected";
constexpr const char* kGoodRange = "✅ GOOD: Gradient range is reasonable";

/// `count` gradients of one element each.
HealthMetrics gradients_of(int count, double value) {
  std::vector<TensorRecord> records;
  for (int i = 0; i < count; ++i) records.push_back(gradient(fmt::format("w{}", i), {value}));
  return metrics_of(std::move(records));
}

TEST(NotebookQuirks, AllNaNIsGoodThreeTimesAndPoor) {
  const HealthMetrics metrics = gradients_of(4, kNaN);
  EXPECT_TRUE(says(metrics, kNoVanishing));
  EXPECT_TRUE(says(metrics, kNoExplosion));
  EXPECT_TRUE(says(metrics, kGoodRange));
  EXPECT_EQ(notebook_score(metrics).score, 3);
  EXPECT_EQ(notebook_score(metrics).verdict, "POOR");

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(diagnosis.severity, Severity::kCritical);
}

TEST(NotebookQuirks, OneNaNHidesAnExplosion) {
  const HealthMetrics metrics = metrics_of({gradient("a", {0.1, kNaN}), gradient("b", {500.0})});
  EXPECT_TRUE(says(metrics, kNoExplosion));

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(diagnosis.findings.front().tensor, "a");
  EXPECT_EQ(finding_of(diagnosis, RuleId::kLargeGradients).tensor, "b");
  EXPECT_EQ(finding_of(diagnosis, RuleId::kLargeGradients).value, 500.0);
  EXPECT_EQ(finding_of(diagnosis, RuleId::kLargeGradients).severity, Severity::kCritical);
}

TEST(NotebookQuirks, AllZeroIsModerate) {
  const HealthMetrics metrics = gradients_of(4, 0.0);
  EXPECT_EQ(notebook_score(metrics).score, 5);
  EXPECT_EQ(notebook_score(metrics).verdict, "MODERATE");
  EXPECT_TRUE(says(metrics, kGoodRange));

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
  EXPECT_EQ(diagnosis.severity, Severity::kCritical);
  EXPECT_EQ(finding_of(diagnosis, RuleId::kZeroGradient).value, 4.0);
}

TEST(NotebookQuirks, EverythingAt1e30IsModerate) {
  const HealthMetrics metrics = gradients_of(4, 1e30);
  EXPECT_TRUE(says(metrics, "🚨 CRITICAL: Gradient explosion detected!"));
  EXPECT_EQ(notebook_score(metrics).score, 5);
  EXPECT_EQ(notebook_score(metrics).verdict, "MODERATE");

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kExploding);
  EXPECT_EQ(diagnosis.severity, Severity::kCritical);
}

TEST(NotebookQuirks, AllWeakIsExcellent) {
  const HealthMetrics metrics = gradients_of(4, 5e-6);
  EXPECT_TRUE(says(metrics, "⚠️ WARNING: 4 layers have weak gradients"));
  EXPECT_EQ(notebook_score(metrics).score, 8);
  EXPECT_EQ(notebook_score(metrics).verdict, "EXCELLENT");

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
  EXPECT_EQ(diagnosis.severity, Severity::kCritical);
  EXPECT_EQ(fired(diagnosis), "R6");
}

TEST(NotebookQuirks, TextAndScoreDisagreeAtExactly10And100) {
  const HealthMetrics at_ten = gradients_of(2, 10.0);
  EXPECT_TRUE(says(at_ten, kNoExplosion));
  EXPECT_EQ(notebook_score(at_ten).score, 6);
  const HealthMetrics at_hundred = gradients_of(2, 100.0);
  EXPECT_TRUE(says(at_hundred, "⚠️ WARNING: Large gradients detected"));
  EXPECT_EQ(notebook_score(at_hundred).score, 5);

  // One comparison decides finding, severity and verdict alike: a value at its limit has not
  // crossed it.
  const Limits limits = Thresholds{}.large_norm;
  EXPECT_EQ(fired(diagnose(metrics_from_norms({limits.warning, limits.warning}))), "");
  const Diagnosis at_critical = diagnose(metrics_from_norms({limits.critical, limits.critical}));
  EXPECT_EQ(fired(at_critical), "R8");
  EXPECT_EQ(at_critical.severity, Severity::kWarning);
  EXPECT_EQ(at_critical.verdict, Verdict::kExploding);
}

TEST(NotebookQuirks, WeakIncludesVanished) {
  const HealthMetrics metrics =
      metrics_of({gradient("tiny", {1e-7}), gradient("small", {5e-5}), gradient("fine", {0.1})});
  EXPECT_TRUE(says(metrics, "   Vanished layers: 1/3\n   Weak layers: 2/3\n"));

  // Each gradient is counted for what it is.
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(finding_of(diagnosis, RuleId::kVanishedGradients).tensor, "tiny");
  EXPECT_NE(finding_of(diagnosis, RuleId::kVanishedGradients).text.find("1 of 3 gradients"),
            std::string::npos);
}

TEST(NotebookQuirks, HalfOfTheLayersWeakIsGood) {
  std::vector<TensorRecord> records;
  for (int i = 0; i < 5; ++i) records.push_back(gradient(fmt::format("weak{}", i), {5e-5}));
  for (int i = 0; i < 5; ++i) records.push_back(gradient(fmt::format("fine{}", i), {1.0}));
  const HealthMetrics metrics = metrics_of(std::move(records));
  EXPECT_TRUE(says(metrics, kNoVanishing));
  EXPECT_TRUE(says(metrics, "Health Score: 7/8"));

  // The weak half is 20,000 times smaller than the other.
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(fired(diagnosis), "R9");
  EXPECT_EQ(diagnosis.severity, Severity::kInfo);
}

TEST(NotebookQuirks, FewVanishedLayersEarnNothingAmongThree) {
  // vanished < total // 3 is 1 < 1 here, and 1 < 3 of ten layers earns a point.
  std::vector<TensorRecord> three{gradient("tiny", {1e-7})};
  while (three.size() < 3) three.push_back(gradient("fine", {1e-3}));
  std::vector<TensorRecord> ten{gradient("tiny", {1e-7})};
  while (ten.size() < 10) ten.push_back(gradient("fine", {1e-3}));
  const HealthMetrics few = metrics_of(std::move(three));
  const HealthMetrics many = metrics_of(std::move(ten));
  EXPECT_EQ(notebook_score(few).score, 0 + 3 + 2);
  EXPECT_EQ(notebook_score(many).score, 1 + 3 + 2);

  // A vanished gradient is as critical among three as among ten.
  EXPECT_EQ(diagnose(few).severity, Severity::kCritical);
  EXPECT_EQ(diagnose(many).severity, Severity::kCritical);
  EXPECT_EQ(diagnose(few).verdict, diagnose(many).verdict);
}

TEST(NotebookQuirks, KernelsAndBiasesAreBothLayers) {
  const HealthMetrics metrics = test::Network{}.metrics();
  EXPECT_TRUE(says(metrics, "Total Layers Analyzed: 10"));

  // Five layers; gains go from layer to layer, whatever the number of tensors in each.
  EXPECT_NEAR(diagnose(metrics).vital_signs.oxygen.backward_gain.value(), 0.7, 1e-12);
}

TEST(NotebookQuirks, AVariableWithoutGradientIsDropped) {
  const HealthMetrics metrics =
      metrics_of({gradient("used/kernel", {0.1}), test::missing_gradient("unused/kernel")});
  EXPECT_TRUE(says(metrics, "Total Layers Analyzed: 1"));
  EXPECT_EQ(notebook_score(metrics).score, 8);

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNoGradient);
  EXPECT_EQ(diagnosis.severity, Severity::kCritical);
  EXPECT_EQ(diagnosis.findings.front().tensor, "unused/kernel");
}

TEST(NotebookQuirks, NoGradientAtAllIsAFindingNotACrash) {
  const HealthMetrics metrics = metrics_of({test::missing_gradient("unused/kernel")});
  EXPECT_TRUE(says(metrics, "Total Layers Analyzed: 0"));  // np.min([]) raises there.
  EXPECT_TRUE(can_be_judged(metrics));
  EXPECT_EQ(diagnose(metrics).verdict, Verdict::kNoGradient);
}

TEST(NotebookQuirks, ANaNLossIsComputedSuccessfully) {
  HealthMetrics metrics = gradients_of(4, 0.1);
  metrics.loss = kNaN;
  EXPECT_TRUE(says(metrics, "Loss Computed Successfully: ✅"));
  EXPECT_EQ(notebook_score(metrics).score, 8);

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(diagnosis.findings.front().tensor, "loss");
}

TEST(NotebookQuirks, TheRatioHidesARangeBelow1em10) {
  // From 1e-12 to 1e-7 is a factor of 1e5; with 1e-10 added to the divisor it is 9.9e2.
  const HealthMetrics metrics = metrics_of({gradient("a", {1e-12}), gradient("b", {1e-7})});
  EXPECT_TRUE(says(metrics, "Gradient range ratio: 9.9e+02"));
  EXPECT_TRUE(says(metrics, kGoodRange));

  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_NEAR(diagnosis.vital_signs.blood_pressure.range_ratio.value(), 1e5, 1e-6);
  EXPECT_EQ(finding_of(diagnosis, RuleId::kNormRange).severity, Severity::kInfo);
}

TEST(NotebookQuirks, OneInfinityMakesTheRangeCritical) {
  const HealthMetrics metrics = metrics_of({gradient("a", {0.1}), gradient("b", {kInf})});
  EXPECT_TRUE(says(metrics, "🚨 CRITICAL: Gradient explosion detected!"));
  EXPECT_EQ(notebook_score(metrics).score, 3);

  // The infinity is named; the finite gradients are no wider apart than they are.
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(fired(diagnosis), "R1");
  EXPECT_EQ(diagnosis.findings.front().tensor, "b");
}

}  // namespace
}  // namespace gradvitals::test
