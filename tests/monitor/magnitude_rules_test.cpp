// Contract: R4, R6, R8 and R9 name what is too small or too large, and leave alone what is so by
// nature. Oracle: metrics made by hand.
#include "monitor/rules/diagnosis.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

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
  EXPECT_EQ(finding_of(diagnosis, RuleId::kVanishedGradients).tensor, "b");
  EXPECT_EQ(finding_of(diagnosis, RuleId::kVanishedGradients).text,
            "2 of 3 gradients have vanished; the smallest is that of b, with norm 1.0e-09.");
}

TEST(VanishedGradients, ABiasWhoseKernelLearnsOnlyInforms) {
  // A bias before batch normalisation, or of attention keys: its gradient is zero but for rounding.
  TensorRecord conv = kernel("conv2d/kernel", {0.1, 0.2});
  const TensorRecord bias = gradient("conv2d/bias", {1e-9});
  const Diagnosis diagnosis = diagnose(metrics_of({conv, bias}));
  EXPECT_EQ(severity_of(diagnosis, RuleId::kVanishedGradients), kInfo);
  EXPECT_EQ(finding_of(diagnosis, RuleId::kVanishedGradients).tensor, "conv2d/bias");
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);

  const TensorRecord stray = gradient("scale", {1e-9});
  EXPECT_EQ(severity_of(diagnose(metrics_of({conv, bias, stray})), RuleId::kVanishedGradients),
            kCritical);
  conv.stats.sum_squares = 1e-20;
  conv.stats.max_abs = 1e-10;
  EXPECT_EQ(severity_of(diagnose(metrics_of({conv, bias})), RuleId::kVanishedGradients), kCritical);
}

TEST(VanishedGradients, AKernelOfOneRowIsNoIdleBias) {
  const HealthMetrics metrics =
      metrics_of({kernel("head/kernel", {0.1, 0.2}), kernel("head/gate", {1e-9})});
  EXPECT_EQ(severity_of(diagnose(metrics), RuleId::kVanishedGradients), kCritical);
}

TEST(VanishedGradients, AnIdleBiasOnlyInformsByNormsAlone) {
  HealthMetrics metrics = metrics_from_norms(std::vector{0.1, 1e-9, 0.2, 0.1});
  metrics.gradient_names = {"l0.weight", "l0.bias", "l1.weight", "l1.bias"};
  EXPECT_EQ(diagnose(metrics).severity, kInfo);
  metrics.gradient_names[1] = "l0.gate";
  EXPECT_EQ(severity_of(diagnose(metrics), RuleId::kVanishedGradients), kCritical);
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
    return severity_of(diagnose(metrics_of({weight, gradient("attn.k/bias", {element})})),
                       RuleId::kVanishedGradients);
  };
  EXPECT_EQ(severity_with(1e-4 * kLimits.idle_bias_ratio * 0.999), kInfo);
  EXPECT_EQ(severity_with(0.0), kInfo);
  EXPECT_EQ(severity_with(1e-4 * kLimits.idle_bias_ratio * 1e4), kOk);
}

TEST(VanishedGradients, ABiasIdleBesideAHugeKernelIsNotSaidToBeBelowALimit) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({kernel("head/kernel", {1e8, 1e8}), gradient("head/bias", {0.9})}));
  const auto finding =
      std::ranges::find(diagnosis.findings, RuleId::kVanishedGradients, &Finding::rule);
  ASSERT_NE(finding, diagnosis.findings.end());
  EXPECT_EQ(finding->threshold, std::nullopt);
  EXPECT_NE(finding->text.find("beside its kernel's"), std::string::npos) << finding->text;
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
  EXPECT_EQ(severity_of(diagnose(metrics), RuleId::kLargeGradients), kCritical);
  metrics.tensors.push_back(tensor("k", Role::kWeight, -1, {1e4}));
  EXPECT_EQ(severity_of(diagnose(metrics), RuleId::kLargeGradients), kOk);
}

TEST(LargeGradients, OfBiasesDoNotCountBesideKernels) {
  EXPECT_EQ(fired(diagnose(metrics_of({kernel("k", {1.0}), gradient("b", {1e3})}))), "");
}

TEST(LargeGradients, SayNothingWhereTheSignalVanishes) {
  test::Network network;
  network.hidden_layers = 12;
  network.gradient = 1e3;
  EXPECT_EQ(severity_of(diagnose(network.metrics()), RuleId::kLargeGradients), kCritical);
  network.backward_gain = 0.3;
  EXPECT_EQ(severity_of(diagnose(network.metrics()), RuleId::kLargeGradients), kOk);
}

TEST(NormRangeRule, ZerosAreNamedAndNotDividedBy) {
  const Diagnosis diagnosis =
      diagnose(metrics_of({gradient("a", {1e-5}), gradient("zero", {0.0}), gradient("b", {2.0})}));
  const Finding& finding = finding_of(diagnosis, RuleId::kNormRange);
  EXPECT_TRUE(std::isfinite(finding.value.value()));
  EXPECT_EQ(finding.tensor, "");
  EXPECT_EQ(finding.text,
            "Gradient norms span a factor of 2.0e+05, from 1.0e-05 (a) to 2.0e+00 (b); 1 that is "
            "exactly zero is left out.");
}

TEST(NormRangeRule, IsSilentOnZerosAlone) {
  EXPECT_EQ(severity_of(diagnose(metrics_of({gradient("a", {0.0}), gradient("b", {0.0})})),
                        RuleId::kNormRange),
            kOk);
}

}  // namespace
}  // namespace gradvitals::test
