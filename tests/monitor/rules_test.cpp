// Contract: every rule of docs/rules.md fires beyond its limit and nowhere else.
// Oracle: metrics made by hand, just inside, at and just beyond each limit.
// Tolerance: none. sqrt(x * x) is |x| in IEEE arithmetic, so a tensor of one element has exactly
// the norm that a test asks for.
#include "monitor/rules/rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "monitor/rules/advice.h"
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

TensorRecord kernel(const std::string& name, std::vector<double> values) {
  TensorRecord record = gradient(name, std::move(values));
  record.rank = 2;
  return record;
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

constexpr Thresholds kLimits;
constexpr auto kOk = Severity::kOk;
constexpr auto kInfo = Severity::kInfo;
constexpr auto kWarning = Severity::kWarning;
constexpr auto kCritical = Severity::kCritical;

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleBoundary,
    ::testing::Values(
        Boundary{"R4Norm", "R4", one_tensor, kLimits.vanished_norm, false, kOk, kCritical},
        Boundary{"R4NormAlone", "R4", one_norm, kLimits.vanished_norm, false, kOk, kCritical},
        Boundary{"R4Rms", "R4", one_tensor, kLimits.vanished_rms, false, kOk, kCritical, kRmsAlone},
        Boundary{"R6", "R6", one_tensor, kLimits.complete_failure_norm, false, kOk, kCritical},
        Boundary{"R6NormAlone", "R6", one_norm, kLimits.complete_failure_norm, false, kOk,
                 kCritical},
        Boundary{"R8WarningToWeight", "R8", kernel_beside_weight,
                 kLimits.gradient_to_weight.warning, true, kOk, kWarning},
        Boundary{"R8CriticalToWeight", "R8", kernel_beside_weight,
                 kLimits.gradient_to_weight.critical, true, kWarning, kCritical},
        Boundary{"R8WarningRms", "R8", one_kernel, kLimits.large_rms.warning, true, kOk, kWarning},
        Boundary{"R8CriticalRms", "R8", one_kernel, kLimits.large_rms.critical, true, kWarning,
                 kCritical},
        Boundary{"R8WarningRmsOfNoKernel", "R8", one_tensor, kLimits.large_rms.warning, true, kOk,
                 kWarning},
        Boundary{"R8WarningNormAlone", "R8", one_norm, kLimits.large_norm.warning, true, kOk,
                 kWarning},
        Boundary{"R8CriticalNormAlone", "R8", one_norm, kLimits.large_norm.critical, true, kWarning,
                 kCritical},
        Boundary{"R9", "R9", tensor_range, kLimits.range_ratio, true, kOk, kInfo},
        Boundary{"R9NormAlone", "R9", norm_range, kLimits.range_ratio, true, kOk, kInfo}),
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
  EXPECT_EQ(finding.threshold, kLimits.vanished_rms);
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
  TensorRecord conv = kernel("conv2d/kernel", {0.1, 0.2});
  const TensorRecord bias = gradient("conv2d/bias", {1e-9});
  const Diagnosis diagnosis = diagnose(metrics_of({conv, bias}));
  EXPECT_EQ(severity_of(diagnosis, "R4"), Severity::kInfo);
  EXPECT_EQ(finding_of(diagnosis, "R4").tensor, "conv2d/bias");
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);

  const TensorRecord stray = gradient("scale", {1e-9});
  EXPECT_EQ(severity_of(diagnose(metrics_of({conv, bias, stray})), "R4"), Severity::kCritical);
  conv.stats.sum_squares = 1e-20;
  conv.stats.max_abs = 1e-10;
  EXPECT_EQ(severity_of(diagnose(metrics_of({conv, bias})), "R4"), Severity::kCritical);
}

TEST(VanishedGradients, AKernelOfOneRowIsNoIdleBias) {
  const HealthMetrics metrics =
      metrics_of({kernel("head/kernel", {0.1, 0.2}), kernel("head/gate", {1e-9})});
  EXPECT_EQ(severity_of(diagnose(metrics), "R4"), Severity::kCritical);
}

TEST(VanishedGradients, AnIdleBiasOnlyInformsByNormsAlone) {
  HealthMetrics metrics = metrics_from_norms(std::vector{0.1, 1e-9, 0.2, 0.1});
  metrics.gradient_names = {"l0.weight", "l0.bias", "l1.weight", "l1.bias"};
  EXPECT_EQ(diagnose(metrics).severity, Severity::kInfo);
  metrics.gradient_names[1] = "l0.gate";
  EXPECT_EQ(severity_of(diagnose(metrics), "R4"), Severity::kCritical);
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

TEST(VanishedGradients, ABiasFarBelowItsKernelOnlyInforms) {
  const TensorRecord weight = kernel("attn.k/weight", {1e-4, 1e-4});
  const auto severity_with = [&](double element) {
    return severity_of(diagnose(metrics_of({weight, gradient("attn.k/bias", {element})})), "R4");
  };
  EXPECT_EQ(severity_with(1e-4 * kLimits.idle_bias_ratio * 0.999), kInfo);
  EXPECT_EQ(severity_with(0.0), kInfo);
  EXPECT_EQ(severity_with(1e-4 * kLimits.idle_bias_ratio * 1e4), kOk);
}

TEST(VanishedGradients, WhatIsExactlyZeroDidNotShrink) {
  EXPECT_EQ(fired(diagnose(metrics_of({gradient("a", {0.0}), gradient("b", {0.1})}))), "R13");
}

// R8 and R9

TEST(LargeGradients, NameTheLargestAndCountAll) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {2e3}), gradient("b", {-5e3}), gradient("c", {0.5})}));
  EXPECT_EQ(fired(diagnosis), "R8");
  EXPECT_EQ(diagnosis.findings.front().tensor, "b");
  EXPECT_EQ(diagnosis.findings.front().text,
            fmt::format("2 of 3 gradients are above {:g} rms; the largest, that of b, is 5.0e+03.",
                        kLimits.large_rms.critical));
}

TEST(LargeGradients, AreJudgedBesideTheirWeights) {
  HealthMetrics metrics = metrics_of({kernel("k", {1e3})});
  EXPECT_EQ(severity_of(diagnose(metrics), "R8"), kCritical);
  metrics.tensors.push_back(tensor("k", Role::kWeight, -1, {1e4}));
  EXPECT_EQ(severity_of(diagnose(metrics), "R8"), kOk);
}

TEST(LargeGradients, OfBiasesDoNotCountBesideKernels) {
  EXPECT_EQ(fired(diagnose(metrics_of({kernel("k", {1.0}), gradient("b", {1e3})}))), "");
}

TEST(LargeGradients, SayNothingWhereTheSignalVanishes) {
  test::Network network;
  network.hidden_layers = 12;
  network.gradient = 1e3;
  EXPECT_EQ(severity_of(diagnose(network.metrics()), "R8"), kCritical);
  network.backward_gain = 0.3;
  EXPECT_EQ(severity_of(diagnose(network.metrics()), "R8"), kOk);
}

TEST(NormRangeRule, ZerosAreNamedAndNotDividedBy) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {1e-5}), gradient("zero", {0.0}), gradient("b", {2.0})}));
  const Finding& finding = finding_of(diagnosis, "R9");
  EXPECT_TRUE(std::isfinite(finding.value.value()));
  EXPECT_EQ(finding.tensor, "");
  EXPECT_EQ(finding.text,
            "Gradient norms span a factor of 2.0e+05, from 1.0e-05 (a) to 2.0e+00 (b); 1 that is "
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

TEST(ZeroGradients, InformAtSeventyPercentOfAGradientsElements) {
  EXPECT_EQ(diagnose(with_zeros(699'999, 1'000'000)).severity, kOk);
  const Diagnosis diagnosis = diagnose(with_zeros(7, 10));
  EXPECT_EQ(fired(diagnosis), "R13");
  EXPECT_EQ(diagnosis.severity, kInfo);
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
  EXPECT_EQ(diagnosis.findings.front().value, 0.7);
  EXPECT_EQ(diagnosis.findings.front().threshold, kLimits.zero_fraction);
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

TEST(ZeroGradients, BesideOthersThatMoveWarnAndAskForTheNextStep) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("fine", {0.1}), gradient("zero", {0.0, -0.0}, 3)}));
  const Finding& finding = finding_of(diagnosis, "R13");
  EXPECT_EQ(finding.severity, kWarning);
  EXPECT_EQ(finding.tensor, "zero");
  EXPECT_EQ(finding.layer, 3);
  EXPECT_TRUE(finding.text.starts_with("1 of 2 gradients is exactly zero: zero. One step cannot"))
      << finding.text;
  EXPECT_NE(finding.advice.front().find("next step"), std::string::npos);
}

TEST(ZeroGradients, AreCriticalWhereNothingMoves) {
  const Diagnosis diagnosis = diagnose(metrics_of({gradient("a", {0.0}), gradient("b", {0.0})}));
  EXPECT_EQ(fired(diagnosis), "R13");
  EXPECT_EQ(diagnosis.severity, kCritical);
  EXPECT_EQ(diagnosis.findings.front().text,
            "2 of 2 gradients are exactly zero: a and b. Nothing is learnt.");
}

TEST(ZeroGradients, AreCriticalAtAStepAtWhichNothingIsInitialAnyMore) {
  HealthMetrics metrics = metrics_of({gradient("fine", {0.1}), gradient("zero", {0.0})});
  metrics.step = kLimits.settled_step - 1;
  EXPECT_EQ(diagnose(metrics).severity, kWarning);
  metrics.step = kLimits.settled_step;
  EXPECT_EQ(diagnose(metrics).severity, kCritical);
}

TEST(ZeroGradients, OfAnExpertWithoutTokensOnlyWarnBesideExpertsThatMove) {
  HealthMetrics metrics =
      metrics_of({gradient("mlp.experts.2.w", {0.1}), gradient("mlp.experts.3.w", {0.0})});
  metrics.step = 1000;
  EXPECT_EQ(diagnose(metrics).severity, kWarning);
  EXPECT_EQ(diagnose(metrics).findings.front().advice, advice_for_idle_experts());
  metrics = metrics_of({gradient("mlp.experts.2.w1", {0.1}), gradient("mlp.experts.3.w2", {0.0})});
  metrics.step = 1000;
  EXPECT_EQ(diagnose(metrics).severity, kCritical) << "no expert of its kind moves";
}

TEST(ZeroGradients, AMissingOneOfAnExpertOnlyWarnsBesideExpertsThatMove) {
  const auto severity_of_missing = [](const std::string& name) {
    return diagnose(metrics_of({gradient("mlp.experts.2.w", {0.1}), missing_gradient(name)}))
        .severity;
  };
  EXPECT_EQ(severity_of_missing("mlp.experts.3.w"), kWarning);
  EXPECT_EQ(severity_of_missing("mlp.experts.3.v"), kCritical);
}

TEST(ZeroGradients, OfABiasWhoseKernelMovesOnlyInform) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({kernel("fc.weight", {0.1}), gradient("fc.bias", {0.0})}));
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
  EXPECT_EQ(diagnosis.severity, kInfo);
}

TEST(ZeroGradients, AreFoundInNormsAlone) {
  const Diagnosis diagnosis = diagnose(metrics_from_norms(std::vector{0.1, 0.0, 0.2, 0.0}));
  EXPECT_EQ(finding_of(diagnosis, "R13").tensor, "gradient 2");
  HealthMetrics named = metrics_from_norms(std::vector{0.1, 0.0});
  named.gradient_names = {"a", "b"};
  EXPECT_EQ(finding_of(diagnose(named), "R13").tensor, "b");
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

// R21 and R25

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
  EXPECT_EQ(severity_of(diagnose(metrics_of({bias, half("w", 0, 1000)})), "R21"), kOk);
}

TEST(Underflow, IsNoMatterOfFloat32) {
  TensorRecord record = half("w", 1000, 1000);
  record.dtype = DType::kFloat32;
  EXPECT_EQ(severity_of(diagnose(metrics_of({record})), "R21"), kOk);
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
  EXPECT_EQ(severity_of(diagnose(metrics), "R25"), kOk);
  metrics.loss_scale = 1000.0;
  EXPECT_EQ(severity_of(diagnose(metrics), "R25"), kWarning);
}

// R23 and R24

/// The gradient of a (units, inputs) weight as PyTorch has it.
TensorRecord weight(const std::string& name, std::int64_t units, std::int64_t inputs) {
  TensorRecord record = kernel(name, {0.1});
  record.rows = units;
  record.cols = inputs;
  record.unit_axis = UnitAxis::kRows;
  record.units = SliceSummary{.count = units};
  return record;
}

TEST(ZeroUnits, WarnOfHiddenUnitsWithoutGradient) {
  const auto diagnosis_with = [](std::int64_t zeros) {
    TensorRecord hidden = weight("fc1.weight", 100, 20);
    hidden.units->zero_count = zeros;
    return diagnose(metrics_of({hidden, weight("fc2.weight", 10, 100)}));
  };
  const auto limit = std::llround(100 * kLimits.zero_unit_fraction);
  EXPECT_EQ(fired(diagnosis_with(limit)), "");
  const Diagnosis diagnosis = diagnosis_with(limit + 1);
  EXPECT_EQ(fired(diagnosis), "R24");
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_EQ(diagnosis.verdict, Verdict::kDead);
  EXPECT_TRUE(diagnosis.findings.front().text.starts_with("76 of 100 rows of fc1.weight"));
}

TEST(ZeroUnits, OfAnEmbeddingOrAHeadAreANumberAndNoWarning) {
  TensorRecord embedding = weight("embed.weight", 5000, 64), head = weight("head.weight", 1000, 64);
  embedding.units->zero_count = 4900;
  head.units->zero_count = 990;
  EXPECT_EQ(fired(diagnose(metrics_of({embedding, weight("fc.weight", 64, 64), head}))), "");
}

TEST(ZeroUnits, OfAnEmbeddingAreNoWarningWhereAnotherKernelTakesAsManyInputs) {
  TensorRecord embedding = weight("embed_tokens.weight", 128, 32);
  embedding.units->zero_count = 120;
  EXPECT_EQ(fired(diagnose(metrics_of(
                {embedding, weight("up.weight", 128, 32), weight("down.weight", 32, 128)}))),
            "");
}

TEST(TwinUnits, AreASymmetryOfTheirOwn) {
  TensorRecord hidden = weight("fc1.weight", 100, 20);
  hidden.units->twin_count = 2;
  hidden.units->first_twin = 3;
  hidden.units->second_twin = 7;
  const Diagnosis diagnosis = diagnose(metrics_of({hidden, weight("fc2.weight", 10, 100)}));
  EXPECT_EQ(fired(diagnosis), "R23");
  EXPECT_EQ(diagnosis.verdict, Verdict::kSymmetric);
  EXPECT_EQ(diagnosis.severity, kWarning);
  EXPECT_NE(diagnosis.findings.front().text.find("(3 and 7)"), std::string::npos);
  hidden.units->twin_count = 100;
  EXPECT_EQ(diagnose(metrics_of({hidden, weight("fc2.weight", 10, 100)})).severity, kCritical);
}

TEST(TwinUnits, OfAHeadAreNone) {
  TensorRecord head = weight("head.weight", 10, 100);
  head.units->twin_count = 9;  // Classes that the batch lacks, of a head that begins with zeros.
  EXPECT_EQ(fired(diagnose(metrics_of({weight("fc1.weight", 100, 20), head}))), "");
}

TEST(TopUnit, WithNearlyAllOfTheNormInforms) {
  TensorRecord embedding = weight("embed.weight", 5000, 64);
  embedding.units->top_index = 4711;
  embedding.units->top_share = kLimits.top_unit_share;
  EXPECT_EQ(fired(diagnose(metrics_of({embedding}))), "");
  embedding.units->top_share = 0.97;
  const Diagnosis diagnosis = diagnose(metrics_of({embedding}));
  EXPECT_EQ(fired(diagnosis), "R24");
  EXPECT_EQ(diagnosis.severity, kInfo);
  EXPECT_NE(diagnosis.findings.front().text.find("index 4711"), std::string::npos);
}

// Words

TEST(ListNames, ShowsEightAndCountsTheRest) {
  EXPECT_EQ(list_names(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b"}), "a and b");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(list_names(std::vector<std::string>(10, "a")), "a, a, a, a, a, a, a, a and 2 more");
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
