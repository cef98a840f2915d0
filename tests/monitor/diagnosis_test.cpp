// Contract: the verdict follows from the first finding that warns, findings come in order of
// precedence, and consequences are grouped under their root cause.
// Oracle: the precedence and the root causes that docs/rules.md states.
#include "monitor/rules/diagnosis.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "monitor/rules/root_causes.h"
#include "monitor/rules/rule.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

/// "R2 R3<R2 R11<R2": each finding, and what it is a consequence of.
std::string grouped(const Diagnosis& diagnosis) {
  std::string text;
  for (const Finding& finding : diagnosis.findings) {
    if (!text.empty()) text += ' ';
    text += rule_number(finding.rule);
    if (finding.consequence_of) text += fmt::format("<{}", rule_number(*finding.consequence_of));
  }
  return text;
}

void append(HealthMetrics& metrics, TensorRecord record) {
  metrics.tensors.push_back(std::move(record));
}

// The three networks of the notebook, by their measured gains.

TEST(Diagnosis, AHealthyReluNetworkHasNoFinding) {
  for (const double gain : {0.67, 0.70, 0.75}) {
    Network network;
    network.backward_gain = network.forward_gain = gain;
    network.dead_fraction = 0.12;
    const Diagnosis diagnosis = diagnose(network.metrics());
    EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
    EXPECT_EQ(diagnosis.severity, Severity::kOk);
    EXPECT_EQ(fired(diagnosis), "");
  }
}

TEST(Diagnosis, ASigmoidNetworkVanishesByItsGain) {
  Network network;
  network.hidden = Activation::kSigmoid;
  network.backward_gain = 0.235;
  network.forward_gain = 0.99;
  const Diagnosis diagnosis = diagnose(network.metrics());
  EXPECT_EQ(fired(diagnosis), "R2");
  EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
  EXPECT_EQ(diagnosis.severity, Severity::kWarning);
}

Network ten_layer_exploding_network() {
  Network network;
  network.hidden_layers = 3;
  network.hidden = Activation::kLinear;
  network.backward_gain = 15.9;
  network.forward_gain = 16.0;
  return network;
}

TEST(Diagnosis, AnExplodingNetworkBehindASaturatedHeadExplodes) {
  Network network = ten_layer_exploding_network();
  network.head_saturation = 0.97;
  network.gradient = 1e-9;
  const Diagnosis diagnosis = diagnose(network.metrics());
  EXPECT_EQ(diagnosis.verdict, Verdict::kExploding);
  EXPECT_EQ(diagnosis.severity, Severity::kCritical);
  EXPECT_EQ(grouped(diagnosis), "R2 R11<R2 R3<R2 R4<R2 R6<R2");
}

TEST(Diagnosis, AnExplodingNetworkWhoseDeltasAreZeroExplodesByItsForwardGain) {
  Network network = ten_layer_exploding_network();
  network.head_saturation = 1.0;
  network.gradient = 0.0;
  HealthMetrics metrics = network.metrics();
  for (TensorRecord& record : metrics.tensors) {
    if (record.role == Role::kDelta) record.stats = test::stats_of({0.0});
  }
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_FALSE(diagnosis.vital_signs.oxygen.backward_gain.has_value());
  EXPECT_EQ(diagnosis.verdict, Verdict::kExploding);
  EXPECT_EQ(grouped(diagnosis), "R3 R13<R3 R11<R3");
}

TEST(Diagnosis, AnExplodingNetworkWithALinearHeadExplodesInItsNorms) {
  Network network = ten_layer_exploding_network();
  network.head = Activation::kLinear;
  network.gradient = 1e7;
  EXPECT_EQ(grouped(diagnose(network.metrics())), "R2 R3<R2 R8<R2");
}

// Precedence

TEST(Diagnosis, FollowsThePrecedenceOfTheRules) {
  Network network;
  network.hidden_layers = 3;
  network.dead_fraction = 0.9;
  network.head_saturation = 0.9;
  network.forward_gain = 20.0;
  network.gradient = 1e-3;
  HealthMetrics metrics = network.metrics();
  std::erase_if(metrics.tensors, [](const TensorRecord& t) { return t.role == Role::kDelta; });
  append(metrics, gradient("tiny", {1e-8}));
  append(metrics, test::missing_gradient("missing"));
  TensorRecord huge = gradient("huge", {1e3});
  huge.rank = 2;
  append(metrics, huge);
  metrics.loss = kNaN;
  const auto expect = [&](Verdict verdict, const std::string& rules) {
    EXPECT_EQ(diagnose(metrics).verdict, verdict) << rules;
    EXPECT_EQ(grouped(diagnose(metrics)), rules);
  };
  const auto without = [&](auto predicate) { std::erase_if(metrics.tensors, predicate); };
  expect(Verdict::kNonFinite, "R1 R13 R10<R1 R11<R1 R3<R1 R4<R1 R8<R1 R9<R1");
  metrics.loss = 0.1;
  expect(Verdict::kNoGradient, "R13 R3 R10 R11<R3 R4<R10 R8<R3 R9<R10");
  without([](const TensorRecord& t) { return !t.exists; });
  expect(Verdict::kExploding, "R3 R10 R11<R3 R4<R10 R8<R3 R9<R10");
  for (LayerUnits& units : metrics.units) units.dead_unit_count = units.is_head ? 0 : 97;
  expect(Verdict::kDead, "R10 R3 R11<R3 R4<R10 R8<R3 R9<R10");
  for (LayerUnits& units : metrics.units) units.dead_unit_count = 0;
  expect(Verdict::kExploding, "R3 R11<R3 R4<R3 R8<R3 R9<R3");
  without([](const TensorRecord& t) { return t.role == Role::kPreActivation; });
  expect(Verdict::kSaturated, "R11 R8 R4<R11 R9<R11");
  metrics.units.clear();
  expect(Verdict::kExploding, "R8 R4 R9<R4");
  without([](const TensorRecord& t) { return t.name == "tiny"; });
  expect(Verdict::kExploding, "R8 R9<R8");
  without([](const TensorRecord& t) { return t.name == "huge"; });
  expect(Verdict::kHealthy, "");
}

TEST(Diagnosis, CausesComeBeforePrecedence) {
  // Saturated hidden layers stand behind R13 and before R2, and explain both.
  Network network;
  network.hidden = Activation::kTanh;
  network.hidden_saturation = 0.9;
  network.backward_gain = 20.0;
  EXPECT_EQ(grouped(diagnose(network.metrics())), "R11 R2<R11");
  EXPECT_EQ(diagnose(network.metrics()).verdict, Verdict::kSaturated);
  HealthMetrics metrics = network.metrics();
  append(metrics, gradient("zero", {0.0}));
  EXPECT_EQ(grouped(diagnose(metrics)), "R11 R13<R11 R2<R11");
}

TEST(Diagnosis, DeadUnitsAreWhyDeltasAreSmall) {
  Network network;
  network.hidden_layers = 8;
  network.dead_fraction = 0.97;
  network.backward_gain = 0.2;
  EXPECT_EQ(grouped(diagnose(network.metrics())), "R10 R2<R10");
}

TEST(Diagnosis, SeverityIsThatOfTheWorstFinding) {
  Network network;
  network.hidden = Activation::kTanh;
  network.hidden_saturation = 0.9;
  HealthMetrics metrics = network.metrics();
  TensorRecord huge = gradient("huge", {1e6});
  huge.rank = 2;
  append(metrics, huge);
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kExploding);
  EXPECT_EQ(finding_of(diagnosis, RuleId::kSaturation).severity, Severity::kWarning);
  EXPECT_EQ(finding_of(diagnosis, RuleId::kLargeGradients).consequence_of, std::nullopt);
  EXPECT_EQ(diagnosis.severity, Severity::kCritical);
}

TEST(Diagnosis, SmallGradientsOfSomeTensorsDoNotHideAnExplosion) {
  TensorRecord huge = gradient("huge", {1e6});
  huge.rank = 2;
  for (const double small : {0.0, 1e-9}) {
    HealthMetrics metrics = Network{}.metrics();
    std::erase_if(metrics.tensors, [](const TensorRecord& t) { return t.role != Role::kGradient; });
    append(metrics, gradient("small", {small}));
    append(metrics, huge);
    for (const std::int64_t step : {0, 1000}) {
      metrics.step = step;
      EXPECT_EQ(diagnose(metrics).verdict, Verdict::kExploding) << small << " at step " << step;
      EXPECT_EQ(diagnose(metrics).findings.front().rule, RuleId::kLargeGradients);
    }
  }
}

TEST(Diagnosis, CarriesItsThresholds) {
  Thresholds thresholds;
  thresholds.range_ratio = 12345.0;
  EXPECT_EQ(diagnose(Network{}.metrics(), thresholds).thresholds.range_ratio, 12345.0);
}

TEST(Diagnosis, IsHealthyExactlyWithoutAWarning) {
  for (const double gain : {0.1, 0.3, 0.45, 0.5, 0.7, 1.0, 2.0, 3.0, 10.0}) {
    for (const double element : {0.0, 1e-9, 1e-3, 20.0, 1e6, kNaN}) {
      Network network;
      network.backward_gain = gain;
      network.gradient = element;
      const Diagnosis diagnosis = diagnose(network.metrics());
      EXPECT_EQ(diagnosis.verdict == Verdict::kHealthy, diagnosis.severity < Severity::kWarning);
    }
  }
}

TEST(Diagnosis, AMissingGradientIsNoConsequenceOfSmallOnes) {
  const Diagnosis diagnosis = diagnose(
      metrics_of({test::missing_gradient("m"), gradient("g", {1e-9}), gradient("h", {0.1e-2})}));
  EXPECT_EQ(diagnosis.verdict, Verdict::kNoGradient);
  EXPECT_EQ(grouped(diagnosis), "R13 R4 R9<R4");
}

// Nothing to judge

TEST(Diagnosis, NothingToJudgeIsNeverHealthy) {
  for (const HealthMetrics& metrics :
       {HealthMetrics{}, metrics_from_norms({}), metrics_of({gradient("empty", {})}),
        metrics_of({tensor("w", Role::kWeight, 0, {1.0})})}) {
    ASSERT_FALSE(can_be_judged(metrics));
    const Diagnosis diagnosis = diagnose(metrics);
    EXPECT_EQ(diagnosis.verdict, Verdict::kNoGradient);
    EXPECT_EQ(diagnosis.severity, Severity::kCritical);
    EXPECT_EQ(fired(diagnosis), "R13");
  }
}

TEST(Diagnosis, IsTheSameEachTime) {
  Network network = ten_layer_exploding_network();
  network.gradient = 1e-9;
  const HealthMetrics metrics = network.metrics();
  const Diagnosis first = diagnose(metrics);
  const Diagnosis second = diagnose(metrics);
  ASSERT_EQ(grouped(first), grouped(second));
  for (std::size_t i = 0; i < first.findings.size(); ++i) {
    EXPECT_EQ(first.findings[i].text, second.findings[i].text);
    EXPECT_EQ(first.findings[i].value, second.findings[i].value);
    EXPECT_EQ(first.findings[i].advice, second.findings[i].advice);
  }
}

TEST(Diagnosis, CarriesTheVitalSigns) {
  const Diagnosis diagnosis = diagnose(Network{}.metrics());
  EXPECT_TRUE(diagnosis.vital_signs.oxygen.backward_gain.has_value());
  EXPECT_EQ(diagnosis.vital_signs.oxygen.status, VitalStatus::kNormal);
}

// Root causes

Finding finding(RuleId rule, Verdict verdict) {
  Finding result;
  result.rule = rule;
  result.severity = Severity::kWarning;
  result.verdict = verdict;
  return result;
}

TEST(RootCauses, NonFiniteExplainsEverythingButAMissingGradient) {
  std::vector<Finding> findings{finding(RuleId::kNonFinite, Verdict::kNonFinite)};
  for (const Rule& rule : rule_table().subspan(1)) {
    findings.push_back(finding(rule.id, Verdict::kUnstable));
  }
  findings.push_back(finding(RuleId::kZeroGradient, Verdict::kNoGradient));
  group_by_root_cause(findings);
  for (std::size_t i = 1; i + 1 < findings.size(); ++i) {
    EXPECT_EQ(findings[i].consequence_of, RuleId::kNonFinite) << rule_number(findings[i].rule);
  }
  EXPECT_EQ(findings.front().consequence_of, std::nullopt);
  EXPECT_EQ(findings.back().consequence_of, std::nullopt);
}

TEST(RootCauses, GoesThroughWhatFiredToTheRoot) {
  std::vector<Finding> chain{finding(RuleId::kSaturation, Verdict::kSaturated),
                             finding(RuleId::kForwardGain, Verdict::kExploding),
                             finding(RuleId::kZeroGradient, Verdict::kVanishing)};
  chain[0].at_head = true;
  group_by_root_cause(chain);
  EXPECT_EQ(chain[0].consequence_of, RuleId::kForwardGain);  // Which stands behind it.
  EXPECT_EQ(chain[1].consequence_of, std::nullopt);
  EXPECT_EQ(chain[2].consequence_of, RuleId::kForwardGain);
  // Without the link between them, growth does not explain zeros.
  std::vector<Finding> broken{finding(RuleId::kForwardGain, Verdict::kExploding),
                              finding(RuleId::kZeroGradient, Verdict::kVanishing)};
  group_by_root_cause(broken);
  EXPECT_EQ(broken[1].consequence_of, std::nullopt);
}

TEST(RootCauses, WhatMerelyInformsExplainsNothing) {
  std::vector<Finding> findings{finding(RuleId::kForwardGain, Verdict::kExploding),
                                finding(RuleId::kLargeGradients, Verdict::kExploding)};
  findings[0].severity = Severity::kInfo;
  group_by_root_cause(findings);
  EXPECT_EQ(findings[1].consequence_of, std::nullopt);
}

TEST(RootCauses, NoChainOfExplanationsLeadsBack) {
  std::vector<Finding> all;
  for (const Rule& rule : rule_table()) {
    for (const Verdict verdict :
         {Verdict::kVanishing, Verdict::kExploding, Verdict::kSaturated, Verdict::kDead,
          Verdict::kUnstable, Verdict::kSymmetric, Verdict::kNoGradient}) {
      all.push_back(finding(rule.id, verdict));
      all.push_back(all.back());
      all.back().at_head = true;
    }
  }
  // Of any two findings one stays a root: neither can explain itself through the other.
  for (const Finding& a : all) {
    for (const Finding& b : all) {
      std::vector<Finding> pair{a, b};
      group_by_root_cause(pair);
      EXPECT_TRUE(!pair[0].consequence_of || !pair[1].consequence_of)
          << rule_number(a.rule) << name(a.verdict) << ' ' << rule_number(b.rule)
          << name(b.verdict);
    }
  }
}

TEST(RootCauses, ALesserFindingDoesNotHideAnExplosion) {
  std::vector<Finding> findings(2);
  findings[0].rule = RuleId::kTwinUnits;
  findings[0].verdict = Verdict::kSymmetric;
  findings[0].severity = Severity::kWarning;
  findings[1].rule = RuleId::kLargeGradients;
  findings[1].verdict = Verdict::kExploding;
  findings[1].severity = Severity::kCritical;
  group_by_root_cause(findings);
  EXPECT_EQ(findings[1].consequence_of, std::nullopt);
  findings[0].severity = Severity::kCritical;
  group_by_root_cause(findings);
  EXPECT_EQ(findings[1].consequence_of, RuleId::kTwinUnits);
}

TEST(RootCauses, DirectionsDoNotMix) {
  std::vector<Finding> findings{finding(RuleId::kBackwardFactor, Verdict::kVanishing),
                                finding(RuleId::kForwardGain, Verdict::kExploding),
                                finding(RuleId::kLargeGradients, Verdict::kExploding),
                                finding(RuleId::kNormRange, Verdict::kUnstable)};
  group_by_root_cause(findings);
  EXPECT_EQ(findings[1].consequence_of, std::nullopt);
  EXPECT_EQ(findings[2].consequence_of, RuleId::kForwardGain);
  EXPECT_EQ(findings[3].consequence_of, RuleId::kBackwardFactor);
}

TEST(RootCauses, OfNothingIsNothing) {
  group_by_root_cause({});
}

}  // namespace
}  // namespace gradvitals::test
