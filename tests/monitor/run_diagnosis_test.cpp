// Contract: several steps are one run: what lasts is the run's, what passed informs.
// Oracle: steps made by hand.
#include "monitor/rules/run_diagnosis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

/// Owns what a run points to.
class Steps {
 public:
  /// A step of two networks that were examined together, of two gradients each.
  Steps& add_networks(const std::vector<double>& first, const std::vector<double>& second) {
    std::vector<TensorRecord> records;
    for (const double norm : first) {
      records.push_back(gradient("first/" + std::to_string(records.size()), {norm}));
    }
    for (const double norm : second) {
      records.push_back(gradient("second/" + std::to_string(records.size()), {norm}));
      records.back().network = 1;
    }
    HealthMetrics metrics = test::metrics_of(std::move(records));
    metrics.networks = {"first", "second"};
    metrics_.push_back(std::move(metrics));
    diagnoses_.push_back(diagnose(metrics_.back()));
    return *this;
  }
  Steps& add(std::vector<TensorRecord> records) {
    metrics_.push_back(test::metrics_of(std::move(records)));
    diagnoses_.push_back(diagnose(metrics_.back()));
    return *this;
  }
  RunDiagnosis judged() const {
    std::vector<RunStep> steps;
    for (std::size_t i = 0; i < metrics_.size(); ++i) {
      steps.push_back({std::nullopt, "step_" + std::to_string(i), &metrics_[i], &diagnoses_[i]});
    }
    return diagnose_run(steps);
  }

 private:
  std::deque<HealthMetrics> metrics_;
  std::deque<Diagnosis> diagnoses_;
};

std::vector<TensorRecord> step(double a, double b) {
  return {gradient("a", {a}), gradient("b", {b})};
}

TEST(Run, AFindingWithoutARuleIsAnErrorAndNotTheFirstRule) {
  const HealthMetrics metrics = test::metrics_of(step(0.1, 0.2));
  Diagnosis diagnosis = diagnose(metrics);
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.text = "Nobody's finding.";
  finding.verdict = Verdict::kUnstable;
  diagnosis.findings = {finding};
  const std::vector<RunStep> steps{{std::nullopt, "step_0", &metrics, &diagnosis}};
  try {
    diagnose_run(steps);
    FAIL() << "no exception";
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("Nobody's finding."), std::string::npos);
  }
}

TEST(Run, OfHealthySteps) {
  const RunDiagnosis run = Steps().add(step(0.1, 0.2)).add(step(0.2, 0.1)).judged();
  EXPECT_EQ(run.verdict, Verdict::kHealthy);
  EXPECT_LE(run.severity, Severity::kInfo);
  EXPECT_FALSE(run.first_bad_step.has_value());
  EXPECT_EQ(run.steps, 2);
}

TEST(Run, NamesTheFirstStepWithNaN) {
  const RunDiagnosis run = Steps()
                               .add(step(0.1, kInf))
                               .add(step(0.1, 0.2))
                               .add(step(0.1, 0.2))
                               .add(step(kNaN, kNaN))
                               .judged();
  EXPECT_EQ(run.verdict, Verdict::kNonFinite);
  EXPECT_EQ(run.severity, Severity::kCritical);
  ASSERT_TRUE(run.first_bad_step.has_value());
  EXPECT_EQ(run.first_bad_step->label, "step_3");
}

TEST(Run, SaysOfTheFirstStepWithNaNHowManyLaterOnesAreLikeIt) {
  const auto expect = [](const std::vector<double>& norms, const std::string& end) {
    Steps steps;
    for (const double norm : norms) steps.add(step(0.1, norm));
    const std::string text = steps.judged().findings.front().finding.text;
    const std::string beginning =
        "step_1 is the first that is not finite, after 1 step that is finite" + end;
    EXPECT_TRUE(text.starts_with(beginning)) << text;
  };
  expect({0.2, kNaN}, ". ");
  expect({0.2, kNaN, 0.2}, "; no later step is like it. ");
  expect({0.2, kNaN, kNaN, 0.2}, "; 1 of the 2 steps after it is like it. ");
}

TEST(Run, InfinitiesBeforeTheFirstFiniteStepAreALossScalerThatSearches) {
  const RunDiagnosis run =
      Steps().add(step(kInf, 1.0)).add(step(kInf, kInf)).add(step(0.1, 0.2)).judged();
  EXPECT_LE(run.severity, Severity::kInfo);
  EXPECT_EQ(run.verdict, Verdict::kHealthy);
}

TEST(Run, WhatIsZeroInEveryStepNeverMoves) {
  const RunDiagnosis run = Steps().add(step(0.1, 0.0)).add(step(0.2, 0.0)).judged();
  EXPECT_EQ(run.severity, Severity::kCritical);
  ASSERT_FALSE(run.findings.empty());
  EXPECT_EQ(run.findings.front().finding.rule, RuleId::kZeroGradient);
  EXPECT_EQ(run.findings.front().finding.tensor, "b");
}

TEST(Run, WhatIsZeroInTheFirstStepAloneIsByDesign) {
  const RunDiagnosis run = Steps().add(step(0.1, 0.0)).add(step(0.2, 0.1)).judged();
  EXPECT_LE(run.severity, Severity::kInfo);
  EXPECT_FALSE(run.first_bad_step.has_value());
}

TEST(Run, AnExpertWithoutTokensOnlyWarnsBesideExpertsOfItsKindThatMove) {
  const auto run_with = [](const TensorRecord& idle) {
    Steps steps;
    for (int i = 0; i < 6; ++i) steps.add({gradient("mlp.experts.0.w", {0.1}), idle});
    return steps.judged();
  };
  for (const TensorRecord& idle :
       {gradient("mlp.experts.1.w", {0.0}), test::missing_gradient("mlp.experts.1.w")}) {
    const RunDiagnosis run = run_with(idle);
    EXPECT_EQ(run.severity, Severity::kWarning);
    ASSERT_FALSE(run.findings.empty());
    EXPECT_EQ(run.findings.front().finding.tensor, "mlp.experts.1.w");
    EXPECT_EQ(run.findings.front().count, 6);
  }
  EXPECT_EQ(run_with(gradient("mlp.experts.1.v", {0.0})).severity, Severity::kCritical)
      << "no expert of its kind moves";
}

/// The sentence of a run about gradients that some steps lack; empty without one.
std::string absence_text(const RunDiagnosis& run) {
  for (const RunFinding& found : run.findings) {
    if (found.finding.text.find("in some steps and not in others") == std::string::npos) continue;
    EXPECT_EQ(found.finding.severity, Severity::kInfo);
    return found.finding.text;
  }
  return {};
}

TEST(Run, NamesTheGradientsThatSomeStepsLack) {
  const std::vector<TensorRecord> whole = step(0.1, 0.2);
  const auto text_of = [](const std::vector<std::vector<TensorRecord>>& records) {
    Steps steps;
    for (const std::vector<TensorRecord>& each : records) steps.add(each);
    return absence_text(steps.judged());
  };
  const std::vector<TensorRecord> part = {whole.front()};
  EXPECT_EQ(text_of({whole, whole}), "");
  EXPECT_EQ(text_of({whole, whole, part}),
            "1 gradient is in some steps and not in others; step_2 lacks b.");
  EXPECT_EQ(text_of({part, whole}),
            "1 gradient is in some steps and not in others; step_0 lacks b.");
  EXPECT_EQ(
      text_of({whole, part, whole, part, part}),
      "1 gradient is in some steps and not in others; step_1 lacks b, and so do 2 steps more.");
  EXPECT_EQ(text_of({whole, part, part}),
            "1 gradient is in some steps and not in others; from step_1 on all 2 steps lack b.");
  EXPECT_EQ(text_of({part, part, whole, whole}),
            "1 gradient is in some steps and not in others; all 2 steps before step_2 lack b.");
  EXPECT_EQ(
      text_of({part, whole, part}),
      "1 gradient is in some steps and not in others; step_0 lacks b, and so does 1 step more.");
  EXPECT_EQ(text_of({{gradient("a", {0.1}), test::missing_gradient("b")}, whole}), "")
      << "that it has no gradient is another thing";
}

TEST(Run, SaysThatWhatStoppedIsMissing) {
  const std::vector<TensorRecord> missing = {gradient("a", {0.1}), test::missing_gradient("b")};
  const auto text_of = [](const std::vector<TensorRecord>& last) {
    Steps steps;
    steps.add(step(0.1, 0.2)).add(step(0.1, 0.2)).add(last).add(last).add(last);
    return steps.judged().findings.front().finding.text;
  };
  EXPECT_EQ(text_of(missing),
            "1 gradient has stopped moving at step_2 and is zero or missing to the end: b.");
  EXPECT_EQ(text_of(step(0.1, 0.0)),
            "1 gradient has stopped moving at step_2 and is zero to the end: b.");
}

TEST(Run, NamesAFewOfManyGradientsThatSomeStepsLack) {
  Steps steps;
  for (int left_out = 0; left_out < 50; ++left_out) {
    std::vector<TensorRecord> records;
    for (int i = 0; i < 50; ++i) {
      if (i != left_out) records.push_back(gradient("layer_" + std::to_string(i), {0.1}));
    }
    steps.add(std::move(records));
  }
  const std::string text = absence_text(steps.judged());
  EXPECT_TRUE(text.starts_with("50 gradients are")) << text;
  EXPECT_TRUE(text.ends_with("step_2 lacks layer_2; other steps lack 47 more.")) << text;
}

TEST(Run, GrowthBeyondItsLimitExplodes) {
  const auto run_to = [](double factor) {
    Steps steps;
    for (int i = 0; i < 4; ++i) steps.add(step(1e-3, 1e-3));
    steps.add(step(1e-3 * factor, 1e-3 * factor));
    return steps.add(step(1e-3 * factor, 1e-3 * factor)).judged();
  };
  const Limits limits = Thresholds{}.norm_growth;
  EXPECT_EQ(run_to(limits.warning * 0.9).verdict, Verdict::kHealthy);
  EXPECT_EQ(run_to(limits.warning * 1.1).verdict, Verdict::kExploding);
}

TEST(Run, WhatLastsIsSaidOfTheStepWhoseNumbersItQuotes) {
  const Limits limits = Thresholds{}.large_rms;
  const double first = 1.1 * limits.critical, second = 2.0 * limits.critical;
  const RunDiagnosis run = Steps()
                               .add(step(0.1, 0.1))
                               .add(step(0.9 * limits.critical, 0.1))
                               .add(step(first, 0.1))
                               .add(step(second, 0.1))
                               .judged();
  ASSERT_FALSE(run.findings.empty());
  const auto& [finding, number, label, count] = run.findings.front();
  EXPECT_EQ(finding.rule, RuleId::kLargeGradients);
  EXPECT_EQ(finding.severity, Severity::kCritical);
  EXPECT_EQ(label, "step_2");
  EXPECT_EQ(finding.value, first);
  EXPECT_TRUE(finding.text.starts_with("At step_2: ")) << finding.text;
  EXPECT_TRUE(finding.text.ends_with("In 2 of 4 steps, that one the first.")) << finding.text;
  ASSERT_TRUE(run.first_warning && run.first_critical);
  EXPECT_EQ(run.first_warning->label, "step_1");
  EXPECT_EQ(run.first_critical->label, "step_2");
}

const RunFinding* run_finding_of(const RunDiagnosis& run, RuleId rule) {
  const auto found =
      std::ranges::find_if(run.findings, [&](const auto& f) { return f.finding.rule == rule; });
  return found == run.findings.end() ? nullptr : &*found;
}

TEST(RunOfNetworks, GrowthIsThatOfEachNetworkAlone) {
  // The large network hides that the small one grows a thousandfold.
  const double factor = 10.0 * Thresholds{}.norm_growth.warning;
  Steps steps;
  for (int i = 0; i < 4; ++i) steps.add_networks({1.0, 1.0}, {1e-4, 1e-4});
  steps.add_networks({1.0, 1.0}, {1e-4 * factor, 1e-4 * factor});
  const RunDiagnosis run = steps.judged();
  const RunFinding* const growth = run_finding_of(run, RuleId::kNormChange);
  ASSERT_NE(growth, nullptr);
  EXPECT_EQ(growth->finding.network, "second");
  EXPECT_EQ(growth->finding.verdict, Verdict::kExploding);
  EXPECT_EQ(growth->label, "step_4");
  EXPECT_TRUE(growth->finding.text.starts_with("In second: ")) << growth->finding.text;
}

TEST(RunOfNetworks, ZerosNameTheirNetwork) {
  Steps still;
  for (int i = 0; i < 3; ++i) still.add_networks({0.1, 0.1}, {0.0, 0.0});
  const RunDiagnosis run = still.judged();
  ASSERT_FALSE(run.findings.empty());
  EXPECT_EQ(run.findings.front().finding.rule, RuleId::kZeroGradient);
  EXPECT_EQ(run.findings.front().finding.network, "second");
  EXPECT_NE(run.findings.front().finding.text.find("In second: Every gradient is exactly zero"),
            std::string::npos)
      << run.findings.front().finding.text;
}

TEST(RunOfNetworks, OneThatLacksIsNamedByItsGradients) {
  const RunDiagnosis run =
      Steps().add_networks({0.1, 0.1}, {0.1, 0.1}).add_networks({0.1, 0.1}, {}).judged();
  EXPECT_EQ(absence_text(run),
            "2 gradients are in some steps and not in others; step_1 lacks second/2 and second/3.");
}

}  // namespace
}  // namespace gradvitals::test
