// Contract: networks, runs and trainings as gates see them: worst findings first, roots with what follows
// from them, and which rules had anything to judge. Oracle: reports made by hand.
#include "monitor/report/export/judged_subject.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/monitor/export_fixtures.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

std::string missing_of(const JudgedSubject& subject, RuleId rule) {
  const auto entry = std::ranges::find(subject.rules, rule, &JudgedRule::rule);
  return entry == subject.rules.end() ? "no such rule" : entry->missing;
}

TEST(JudgedSubject, OfANetworkHasItsVerdictAndTheRulesOfAVisit) {
  const JudgedSubject subject = judged_subject(sigmoid_network());
  EXPECT_EQ(subject.name, "Sigmoid Network");
  EXPECT_EQ(subject.verdict, Verdict::kVanishing);
  EXPECT_TRUE(subject.is_judged);
  EXPECT_EQ(subject.sentence.find("Sigmoid Network is vanishing: Backward factor"), 0U)
      << subject.sentence;
  EXPECT_EQ(subject.rules.size(), 15U);
  EXPECT_EQ(missing_of(subject, RuleId::kBackwardFactor), "");
  EXPECT_EQ(missing_of(subject, RuleId::kDeadUnits), "no layer with relu was counted");
  EXPECT_EQ(missing_of(subject, RuleId::kLossGrowth), "no such rule");
}

TEST(JudgedSubject, OfNormsAloneLacksWhatOnlyLayersShow) {
  const JudgedSubject subject = judged_subject(network_with_norms("norms", {0.1, 0.2}));
  EXPECT_EQ(missing_of(subject, RuleId::kVanishedGradients), "");
  EXPECT_NE(missing_of(subject, RuleId::kBackwardFactor), "");
  EXPECT_NE(missing_of(subject, RuleId::kForwardGain), "");
  EXPECT_NE(missing_of(subject, RuleId::kTwinUnits), "");
  EXPECT_NE(missing_of(subject, RuleId::kUnderflow), "");
}

TEST(JudgedSubject, WithoutAnythingToJudgeIsNotHealthy) {
  const JudgedSubject subject = unjudged_subject();
  EXPECT_FALSE(subject.is_judged);
  EXPECT_TRUE(contains(subject.sentence, "nothing could be judged")) << subject.sentence;
}

TEST(JudgedSubject, OfARunOfStepsSaysWhenEachFindingHolds) {
  std::vector<NetworkReport> networks;
  for (int i = 0; i < 4; ++i) {
    networks.push_back(network_with_norms("s" + std::to_string(i), {0.0, 0.0}));
  }
  std::vector<RunStep> steps;
  for (const NetworkReport& network : networks) {
    steps.push_back({std::nullopt, network.name, &network.metrics, &network.diagnosis});
  }
  const JudgedSubject subject = judged_subject(networks, diagnose_run(steps));
  ASSERT_FALSE(subject.findings.empty());
  EXPECT_EQ(subject.name, "s0 to s3, 4 steps");
  EXPECT_TRUE(contains(subject.findings.front().when, "first at s0, holds in 4 of 4 steps"))
      << subject.findings.front().when;
  EXPECT_EQ(missing_of(subject, RuleId::kNormChange), "");
}

TEST(JudgedSubject, OfATrainingHasTheWorstEpisodeFirstAndTheRulesOverTime) {
  TrajectoryReport run = sick_run();
  std::ranges::reverse(run.episodes);
  const JudgedSubject subject = judged_subject(run);
  ASSERT_EQ(subject.findings.size(), 2U);
  EXPECT_EQ(subject.verdict, Verdict::kExploding);
  EXPECT_EQ(subject.severity, Severity::kCritical);
  EXPECT_EQ(subject.findings[0].when, "from step 7 to 9");
  EXPECT_EQ(subject.findings[1].when, "from step 90 on");
  EXPECT_EQ(subject.rules.size(), 23U);
  EXPECT_TRUE(contains(missing_of(subject, RuleId::kNormChange), "norms of 1 step are known"));
}

TEST(JudgedSubject, OfATrainingThatMadeNoStepIsNotHealthy) {
  TrajectoryReport resumed;
  resumed.name = "r";
  resumed.steps = 1000;  // All of them before the checkpoint.
  const JudgedSubject subject = judged_subject(resumed);
  EXPECT_FALSE(subject.is_judged);
  EXPECT_EQ(subject.sentence, "r: nothing could be judged, there is no step.");
}

TEST(JudgedSubject, ChainsOfConsequencesStandUnderTheirRoot) {
  JudgedSubject subject = sick_subject();
  subject.findings[2].finding.consequence_of = RuleId::kVanishedGradients;
  const std::vector<FindingGroup> groups = grouped_findings(subject);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].root, &subject.findings[0]);
  EXPECT_EQ(groups[0].consequences.size(), 2U);
}

TEST(JudgedSubject, WhatIsOfTheStepExplainsWhatIsOfANetwork) {
  JudgedSubject subject = sick_subject();
  subject.findings[1].finding.network = "critic";
  EXPECT_EQ(grouped_findings(subject).size(), 2U);
  subject.findings[0].finding.network = "actor";
  EXPECT_EQ(grouped_findings(subject).size(), 3U);
}

TEST(JudgedSubject, NoFindingIsOfARuleThatIsNotListed) {
  NetworkReport network = network_with_norms("n", {0.1, 0.2});
  network.diagnosis.findings = {found(RuleId::kDrift, Severity::kWarning, "", "It drifts.")};
  EXPECT_EQ(missing_of(judged_subject(network), RuleId::kDrift), "");
}

TEST(JudgedSubject, WhatNothingThatIsThereExplainsIsARoot) {
  JudgedSubject subject = sick_subject();
  subject.findings[1].finding.consequence_of = RuleId::kNonFinite;
  EXPECT_EQ(grouped_findings(subject).size(), 3U);
  // And so is each of two that explain each other, which no table of causes has.
  subject.findings[0].finding.consequence_of = RuleId::kVanishedGradients;
  subject.findings[1].finding.consequence_of = RuleId::kBackwardFactor;
  std::size_t all = 0;
  for (const FindingGroup& group : grouped_findings(subject)) all += 1 + group.consequences.size();
  EXPECT_EQ(all, 3U);
}

TEST(JudgedSubjects, OfAComparisonHasTheTrainingsBehindTheNetworks) {
  const std::vector<NetworkReport> networks = {relu_network()};
  TrainedComparison training;
  training.optimizer = "adam";
  training.networks.emplace_back().run = sick_run();
  const std::vector<JudgedSubject> subjects = judged_subjects(networks, std::vector{training});
  ASSERT_EQ(subjects.size(), 2U);
  EXPECT_EQ(subjects[1].name, "ReLU Network trained with adam");
}

TEST(RuleEvidence, OverTimeSaysHowManyStepsAreMissing) {
  RuleEvidence evidence;
  const Thresholds limits;
  HealthMetrics metrics = metrics_from_norms({0.1});
  metrics.loss = 1.0;
  for (int i = 0; i < 64; ++i) evidence.add(metrics, i == 0);
  EXPECT_TRUE(contains(evidence.missing_over_time(RuleId::kNormChange, limits), "64"));
  EXPECT_EQ(evidence.missing_over_time(RuleId::kLossGrowth, limits), "");
  evidence.add(metrics, false);
  EXPECT_EQ(evidence.missing_over_time(RuleId::kNormChange, limits), "");
  EXPECT_NE(evidence.missing_over_time(RuleId::kUpdateRatio, limits), "");
}

TEST(RuleEvidence, OfStepsThatWereNoCheckUpSaysThatNothingWasLookedAt) {
  RuleEvidence evidence;
  evidence.add(metrics_from_norms({0.1}), false);
  EXPECT_NE(evidence.missing(RuleId::kZeroGradient, {}, {}), "");
  evidence.add(metrics_from_norms({0.1}), true);
  EXPECT_EQ(evidence.missing(RuleId::kZeroGradient, {}, {}), "");
}

TEST(RuleEvidence, TooFewSamplesTellNothingOfRelu) {
  HealthMetrics metrics = metrics_from_norms({0.1});
  LayerUnits& layer = metrics.units.emplace_back();
  layer.activation = Activation::kRelu;
  layer.batch = 31;
  RuleEvidence evidence;
  evidence.add(metrics, true);
  EXPECT_TRUE(contains(evidence.missing(RuleId::kDeadUnits, {}, {}), "31 samples, 32 are needed"));
  metrics.units.front().batch = 32;
  evidence.add(metrics, true);
  EXPECT_EQ(evidence.missing(RuleId::kDeadUnits, {}, {}), "");
}

}  // namespace
}  // namespace gradvitals::test
