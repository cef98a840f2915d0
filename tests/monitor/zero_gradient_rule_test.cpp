// Contract: R13 finds gradients that are exactly zero or not there, and advises to judge another step where
// one cannot tell. Oracle: metrics made by hand.
#include "monitor/rules/diagnosis.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "monitor/rules/advice.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

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

TEST(ZeroGradients, WeightsWithoutAnyGradientAreToldThatSparseOnesAreLeftOut) {
  const Diagnosis diagnosis = diagnose(metrics_of({tensor("w", Role::kWeight, -1, {1.0})}));
  EXPECT_EQ(diagnosis.verdict, Verdict::kNoGradient);
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.text,
            "There is no gradient to judge: weights are watched, and none of their gradients was "
            "read.");
  EXPECT_TRUE(contains(finding.advice.front(), "sparse")) << finding.advice.front();
  EXPECT_TRUE(contains(finding.advice.front(), "densify=True")) << finding.advice.front();
  // Without a weight there is nothing that a gradient would belong to.
  EXPECT_EQ(diagnose(metrics_of({})).findings.front().text, "There is no gradient to judge.");
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
  const Finding& finding = finding_of(diagnosis, RuleId::kZeroGradient);
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
  EXPECT_EQ(finding_of(diagnosis, RuleId::kZeroGradient).tensor, "gradient 2");
  HealthMetrics named = metrics_from_norms(std::vector{0.1, 0.0});
  named.gradient_names = {"a", "b"};
  EXPECT_EQ(finding_of(diagnose(named), RuleId::kZeroGradient).tensor, "b");
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

}  // namespace
}  // namespace gradvitals::test
