// Contract: every rule of docs/rules.md fires beyond its limit and nowhere else.
// Oracle: metrics made by hand, just inside, at and just beyond each limit.
// Tolerance: none. sqrt(x * x) is |x| in IEEE arithmetic, so a tensor of one element has exactly
// the norm that a test asks for.
#include "monitor/rules/rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals {
namespace {

using test::finding_of;
using test::fired;
using test::gradient;
using test::kInf;
using test::kNaN;
using test::metrics_of;
using test::missing_gradient;
using test::severity_of;
using test::tensor;

// A limit on a magnitude, as a family of metrics that differ in the judged value alone.

struct Boundary {
  std::string name;
  std::string rule;
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

constexpr double kSmall = 0x1p-14;  // A power of two: ratios to it are exact.

HealthMetrics tensor_range(double ratio) {
  return metrics_of({gradient("a", {kSmall}), gradient("b", {kSmall * ratio})});
}

HealthMetrics norm_range(double ratio) {
  return metrics_from_norms(std::vector{kSmall, kSmall * ratio});
}

/// The rms twin alone, on the one tensor whose rms is known to the last bit.
constexpr Thresholds kRmsAlone{.vanished_norm = 0.0, .complete_failure_norm = 0.0};

constexpr auto kOk = Severity::kOk;
constexpr auto kWarning = Severity::kWarning;
constexpr auto kCritical = Severity::kCritical;

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleBoundary,
    ::testing::Values(
        Boundary{"R4Norm", "R4", one_tensor, 1e-6, false, kOk, kCritical},
        Boundary{"R4NormAlone", "R4", one_norm, 1e-6, false, kOk, kCritical},
        Boundary{"R4Rms", "R4", one_tensor, 1e-7, false, kOk, kCritical, kRmsAlone},
        Boundary{"R6", "R6", one_tensor, 1e-5, false, kOk, kCritical},
        Boundary{"R6NormAlone", "R6", one_norm, 1e-5, false, kOk, kCritical},
        Boundary{"R8Warning", "R8", one_tensor, 10.0, true, kOk, kWarning},
        Boundary{"R8Critical", "R8", one_tensor, 100.0, true, kWarning, kCritical},
        Boundary{"R8WarningNormAlone", "R8", one_norm, 10.0, true, kOk, kWarning},
        Boundary{"R8CriticalNormAlone", "R8", one_norm, 100.0, true, kWarning, kCritical},
        Boundary{"R9Warning", "R9", tensor_range, 1e4, true, kOk, kWarning},
        Boundary{"R9Critical", "R9", tensor_range, 1e5, true, kWarning, kCritical},
        Boundary{"R9WarningNormAlone", "R9", norm_range, 1e4, true, kOk, kWarning},
        Boundary{"R9CriticalNormAlone", "R9", norm_range, 1e5, true, kWarning, kCritical}),
    [](const auto& boundary) { return boundary.param.name; });

// R4 and R6

TEST(VanishedGradients, AreFoundByRmsInATensorTooLargeForTheNorm) {
  TensorRecord wide = gradient("wide", {5e-8}, 1);
  wide.stats.count = 1'000'000;
  wide.stats.sum_squares *= 1e6;
  const Diagnosis diagnosis = diagnose(metrics_of({wide, gradient("fine", {0.01})}));
  EXPECT_EQ(fired(diagnosis), "R4");
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.tensor, "wide");
  EXPECT_EQ(finding.layer, 1);
  EXPECT_EQ(finding.threshold, 1e-7);
  EXPECT_NE(finding.text.find("rms 5.0e-08"), std::string::npos) << finding.text;
}

TEST(VanishedGradients, NameTheSmallestAndCountAll) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {1e-7}), gradient("b", {1e-9}), gradient("c", {0.5e-3})}));
  EXPECT_EQ(finding_of(diagnosis, "R4").tensor, "b");
  EXPECT_EQ(finding_of(diagnosis, "R4").text,
            "2 of 3 gradients have vanished; the smallest is that of b, with norm 1.0e-09.");
}

TEST(VanishedGradients, ABiasWhoseKernelLearnsOnlyInforms) {
  // A bias before batch normalisation, or of attention keys: its gradient is zero but for rounding.
  TensorRecord kernel = gradient("conv2d/kernel", {0.1, 0.2});
  kernel.rank = 2;
  const TensorRecord bias = gradient("conv2d/bias", {1e-9});
  const Diagnosis diagnosis = diagnose(metrics_of({kernel, bias}));
  EXPECT_EQ(severity_of(diagnosis, "R4"), Severity::kInfo);
  EXPECT_EQ(finding_of(diagnosis, "R4").tensor, "conv2d/bias");
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);

  const TensorRecord stray = gradient("scale", {1e-9});
  EXPECT_EQ(severity_of(diagnose(metrics_of({kernel, bias, stray})), "R4"), Severity::kCritical);
  kernel.stats.sum_squares = 1e-20;
  kernel.stats.max_abs = 1e-10;
  EXPECT_EQ(severity_of(diagnose(metrics_of({kernel, bias})), "R4"), Severity::kCritical);
}

TEST(VanishedGradients, AKernelOfOneRowIsNoIdleBias) {
  TensorRecord kernel = gradient("head/kernel", {0.1, 0.2}), row = gradient("head/gate", {1e-9});
  kernel.rank = row.rank = 2;
  EXPECT_EQ(severity_of(diagnose(metrics_of({kernel, row})), "R4"), Severity::kCritical);
}

TEST(VanishedGradients, WhatIsFiniteBesideNanIsNoNormToJudge) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {1e-9, kNaN}), gradient("b", {1e-3})}));
  EXPECT_EQ(fired(diagnosis), "R1");
}

TEST(VanishedGradients, AnEmptyTensorHasNotVanished) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("empty", {}), gradient("g", {0.1})}))), "");
}

TEST(CompleteFailure, NeedsEveryGradient) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("a", {5e-6}), gradient("b", {9e-6})}))), "R6");
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("a", {5e-6}), gradient("b", {2e-5})}))), "");
}

// R8 and R9

TEST(LargeGradients, NameTheLargestAndCountAll) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {200.0}), gradient("b", {-500.0}), gradient("c", {1.0})}));
  EXPECT_EQ(fired(diagnosis), "R8");
  EXPECT_EQ(diagnosis.findings.front().tensor, "b");
  EXPECT_EQ(diagnosis.findings.front().text,
            "2 of 3 gradient norms are above 100; the largest, that of b, is 5.0e+02.");
}

TEST(NormRangeRule, ZerosAreNamedAndNotDividedBy) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {1e-4}), gradient("zero", {0.0}), gradient("b", {5.0})}));
  const Finding& finding = finding_of(diagnosis, "R9");
  EXPECT_TRUE(std::isfinite(finding.value.value()));
  EXPECT_EQ(finding.tensor, "");
  EXPECT_EQ(finding.text,
            "Gradient norms span a factor of 5.0e+04, from 1.0e-04 (a) to 5.0e+00 (b); 1 that is "
            "exactly zero is left out.");
}

TEST(NormRangeRule, IsSilentOnZerosAlone) {
  EXPECT_EQ(severity_of(diagnose(metrics_of({gradient("a", {0.0}), gradient("b", {0.0})})), "R9"),
            kOk);
}

// R13

HealthMetrics with_zeros(std::int64_t zeros, std::int64_t count) {
  TensorRecord record = gradient("g", {0.1});
  record.stats.count = count;
  record.stats.zero_count = zeros;
  return metrics_of({record});
}

TEST(ZeroGradients, FireAtSeventyPercentOfAGradientsElements) {
  EXPECT_EQ(diagnose(with_zeros(699'999, 1'000'000)).severity, kOk);
  const Diagnosis diagnosis = diagnose(with_zeros(7, 10));
  EXPECT_EQ(fired(diagnosis), "R13");
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
  EXPECT_EQ(diagnosis.findings.front().value, 0.7);
  EXPECT_EQ(diagnosis.findings.front().threshold, 0.7);
  EXPECT_EQ(diagnosis.findings.front().text,
            "On average 70.0 % of a gradient's elements are exactly zero.");
}

TEST(ZeroGradients, AnEmbeddingDoesNotOutvoteTheNetwork) {
  HealthMetrics metrics = with_zeros(990'000, 1'000'000);
  for (const char* name : {"lstm/kernel", "lstm/bias", "head/kernel", "head/bias"}) {
    metrics.tensors.push_back(gradient(name, {0.1, 0.2}));
  }
  EXPECT_EQ(fired(diagnose(metrics)), "");
}

TEST(ZeroGradients, ZerosBesideNanAreNotCalledAllZero) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("a", {0.0, kNaN}), gradient("b", {0.1})}))), "R1");
}

TEST(ZeroGradients, AFewSamplesOfAReluNetworkMayBeMostlyZero) {
  HealthMetrics metrics = with_zeros(75, 100);
  metrics.units.push_back(test::units(0, Activation::kRelu, false, 8, 31));
  EXPECT_EQ(fired(diagnose(metrics)), "");
  metrics.units.back().batch = 32;
  EXPECT_EQ(fired(diagnose(metrics)), "R13");
  metrics.units.back() = test::units(0, Activation::kSigmoid, false, 8, 1);
  EXPECT_EQ(fired(diagnose(metrics)), "R13");
}

TEST(ZeroGradients, OneTensorOfZerosIsCritical) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("fine", {0.1}), gradient("zero", {0.0, -0.0}, 3)}));
  const Finding& finding = finding_of(diagnosis, "R13");
  EXPECT_EQ(finding.severity, kCritical);
  EXPECT_EQ(finding.tensor, "zero");
  EXPECT_EQ(finding.layer, 3);
  EXPECT_EQ(finding.text, "1 of 2 gradients is exactly zero: zero.");
}

TEST(ZeroGradients, AreFoundInNormsAlone) {
  const Diagnosis diagnosis = diagnose(metrics_from_norms(std::vector{0.1, 0.0, 0.2, 0.0}));
  EXPECT_EQ(finding_of(diagnosis, "R13").tensor, "gradient 2");
  EXPECT_EQ(finding_of(diagnosis, "R13").text,
            "2 of 4 gradients are exactly zero: gradient 2 and gradient 4.");
}

TEST(ZeroGradients, ZerosOfOtherRolesDoNotCount) {
  HealthMetrics metrics = metrics_of({gradient("g", {0.1})});
  for (const Role role : {Role::kWeight, Role::kPreActivation, Role::kOutput, Role::kDelta}) {
    metrics.tensors.push_back(tensor("zeros", role, 0, {0.0, 0.0, 0.0}));
  }
  EXPECT_EQ(fired(diagnose(metrics)), "");
}

TEST(ZeroGradients, ATensorOfNaNIsNotZero) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("nan", {kNaN, kNaN})}))), "R1");
}

TEST(ZeroGradients, AMissingGradientIsNamed) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("used", {0.1}), missing_gradient("unused/kernel", 4),
                           missing_gradient("unused/bias", 4)}));
  EXPECT_EQ(fired(diagnosis), "R13");
  EXPECT_EQ(diagnosis.verdict, Verdict::kNoGradient);
  EXPECT_EQ(diagnosis.severity, kCritical);
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.tensor, "unused/kernel");
  EXPECT_EQ(finding.layer, 4);
  EXPECT_EQ(finding.value, 2.0);
  EXPECT_EQ(finding.text,
            "2 of 3 parameters have no gradient, because the loss does not depend on them: "
            "unused/kernel and unused/bias.");
}

// Words

TEST(ListNames, ShowsThreeAndCountsTheRest) {
  EXPECT_EQ(list_names(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b"}), "a and b");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b", "c", "d", "e"}), "a, b, c and 2 more");
}

TEST(Times, ReadsWellAtEveryScale) {
  EXPECT_EQ(times(4.26), "4.3x");
  EXPECT_EQ(times(999.0), "999.0x");
  EXPECT_EQ(times(1.2e6), "1.2e+06x");
  EXPECT_EQ(times(kInf), "infx");
}

TEST(RuleTable, EveryRuleHasItsOwnIdATitleAndASource) {
  std::vector<std::string_view> ids;
  for (const Rule& rule : rule_table()) {
    EXPECT_FALSE(rule.title.empty()) << rule.id;
    EXPECT_FALSE(rule.source.empty()) << rule.id;
    ids.push_back(rule.id);
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

}  // namespace
}  // namespace gradvitals
