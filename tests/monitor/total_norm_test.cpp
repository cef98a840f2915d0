// Contract: where the norm of all gradients together is all that is known, as trainers log it, texts
// and advice speak of the whole network, of no layer and of no gradient of that name.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/rules/run_diagnosis.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

HealthMetrics norms(const std::vector<double>& values, const std::vector<Name>& names) {
  HealthMetrics metrics = metrics_from_norms(values);
  metrics.gradient_names = names;
  return metrics;
}

HealthMetrics total(double norm) {
  return norms({norm}, {"train/grad_norm"});
}

/// The text of its finding; empty if there is none.
std::string text_of(const HealthMetrics& metrics, RuleId rule) {
  const Diagnosis diagnosis = diagnose(metrics);
  const auto found = std::ranges::find(diagnosis.findings, rule, &Finding::rule);
  return found == diagnosis.findings.end() ? "" : found->text;
}

RunDiagnosis run_of(const std::vector<HealthMetrics>& metrics) {
  std::deque<Diagnosis> diagnoses;
  std::vector<RunStep> steps;
  for (const HealthMetrics& each : metrics) {
    diagnoses.push_back(diagnose(each));
    steps.push_back(
        {std::nullopt, "step " + std::to_string(steps.size()), &each, &diagnoses.back()});
  }
  return diagnose_run(steps);
}

TEST(TotalNorm, IsKnownByItsName) {
  EXPECT_TRUE(is_total_norm(total(1.0), 0));
  EXPECT_TRUE(is_total_norm(norms({1, 2}, {"fc.weight", "grad_norm"}), 1));
  EXPECT_FALSE(is_total_norm(norms({1, 2}, {"fc.weight", "grad_norm"}), 0));
  EXPECT_FALSE(is_total_norm(norms({1, 2}, {"grad_norm", "train/grad_norm"}), 0))
      << "each is of a part";
  EXPECT_FALSE(is_total_norm(metrics_from_norms({1.0}), 0)) << "it has no name";
}

TEST(TotalNorm, ThatIsNaNIsOfNoLayer) {
  const Diagnosis diagnosis = diagnose(total(kNaN));
  ASSERT_FALSE(diagnosis.findings.empty());
  const Finding& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.text, "The norm of all gradients together (train/grad_norm) is NaN.");
  bool names_the_way_out = false;
  for (const std::string& advice : finding.advice) {
    EXPECT_EQ(advice.find("in this layer"), std::string::npos) << advice;
    names_the_way_out =
        names_the_way_out || advice.find("a norm for each tensor") != std::string::npos;
  }
  EXPECT_TRUE(names_the_way_out);
}

TEST(TotalNorm, ThatATensorExplainsLeavesTheAdviceToItsLayer) {
  const Diagnosis diagnosis =
      diagnose(norms({kNaN, 0.1, kNaN}, {"a.weight", "b.weight", "grad_norm"}));
  const std::vector<std::string>& advice = diagnosis.findings.front().advice;
  EXPECT_EQ(diagnosis.findings.front().tensor, "a.weight");
  EXPECT_TRUE(std::ranges::any_of(
      advice, [](const std::string& text) { return text.ends_with("in this layer"); }));
}

TEST(TotalNorm, ThatIsTooSmallOrTooLargeIsThatOfTheNetwork) {
  const std::string start = "The norm of all gradients together (train/grad_norm) ";
  EXPECT_EQ(text_of(total(1e-9), RuleId::kVanishedGradients),
            start + "has vanished: it is 1.0e-09.");
  EXPECT_EQ(text_of(total(1e-9), RuleId::kCompleteFailure),
            start + "is 1.0e-09, below 1e-05: nothing will be learnt.");
  EXPECT_EQ(text_of(total(1e5), RuleId::kLargeGradients), start + "is 1.0e+05, above 200.");
  EXPECT_EQ(text_of(total(0.0), RuleId::kZeroGradient),
            start + "is exactly zero. Nothing is learnt.");
}

TEST(TotalNorm, ThatRestsNowAndThenIsThatOfTheNetwork) {
  const RunDiagnosis run = run_of({total(0.5), total(0.0), total(0.5)});
  ASSERT_FALSE(run.findings.empty());
  EXPECT_EQ(run.findings.front().finding.text,
            "The norm of all gradients together (train/grad_norm) is zero in some steps and not in "
            "others. First step 1.");
}

TEST(TotalNorm, BesideNormsOfTensorsIsNoGradientThatOtherStepsLack) {
  const std::vector<Name> names = {"a.weight", "b.weight"};
  const RunDiagnosis run = run_of({norms({0.1, 0.2}, names),
                                   norms({0.1, kInf, kInf}, {"a.weight", "b.weight", "grad_norm"}),
                                   norms({0.1, 0.2}, names)});
  for (const RunFinding& found : run.findings) {
    EXPECT_EQ(found.finding.text.find("in some steps and not in others"), std::string::npos)
        << found.finding.text;
  }
}

}  // namespace
}  // namespace gradvitals::test
