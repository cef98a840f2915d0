// Contract: R1 finds what is not finite wherever it is, and names the earliest.
// Oracle: metrics with one value or several spoilt.
#include "monitor/rules/diagnosis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

TEST(NonFinite, IsFoundInEveryRole) {
  for (const Role role :
       {Role::kGradient, Role::kWeight, Role::kPreActivation, Role::kOutput, Role::kDelta}) {
    for (const double value : {kNaN, kInf, -kInf}) {
      HealthMetrics metrics = Network{}.metrics();
      metrics.tensors.push_back(tensor("sick", role, 2, {0.1, 0.2, value}));
      const Diagnosis diagnosis = diagnose(metrics);
      EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite) << name(role) << value;
      EXPECT_EQ(diagnosis.severity, kCritical);
      const Finding& finding = finding_of(diagnosis, RuleId::kNonFinite);
      EXPECT_EQ(finding.tensor, "sick");
      EXPECT_EQ(finding.layer, 2);
      EXPECT_EQ(finding.value, 1.0);
      EXPECT_EQ(finding.threshold, 0.0);
      EXPECT_NE(finding.text.find("first at index 2"), std::string::npos) << finding.text;
    }
  }
}

TEST(NonFinite, NamesTheEarliestInTapeOrder) {
  // Whatever the order of the views: forward from the input side, each layer's weight before its z
  // before its output, then the loss, then backward from the output side.
  std::vector<TensorRecord> in_order{
      tensor("z0", Role::kPreActivation, 0, {kNaN}), tensor("a0", Role::kOutput, 0, {kNaN}),
      tensor("w1", Role::kWeight, 1, {kNaN}),        tensor("z1", Role::kPreActivation, 1, {kNaN}),
      tensor("d1", Role::kDelta, 1, {kNaN}),         gradient("g1", {kNaN}, 1),
      tensor("d0", Role::kDelta, 0, {kNaN}),         gradient("g0", {kNaN}, 0)};
  while (!in_order.empty()) {
    std::vector<TensorRecord> reversed(in_order.rbegin(), in_order.rend());
    EXPECT_EQ(diagnose(metrics_of(reversed)).findings.front().tensor, in_order.front().name);
    in_order.erase(in_order.begin());
  }
}

TEST(NonFinite, WithoutLayersTheFirstViewIsNotCalledTheEarliest) {
  const Diagnosis diagnosis = diagnose(
      metrics_of({gradient("ok", {1.0}), gradient("has_nan", {kNaN}), gradient("inf", {kInf})}));
  EXPECT_EQ(diagnosis.findings.front().tensor, "has_nan");
  EXPECT_NE(diagnosis.findings.front().text.find("listed first of 2"), std::string::npos)
      << "a file lists tensors by name, not in the order of the step";
}

/// Findings of R1 for a dump in which the gradients named in `bad` are NaN, in this order.
std::string text_of_dump(const std::vector<std::string>& names,
                         const std::vector<std::string>& bad) {
  std::vector<TensorRecord> gradients;
  for (const std::string& name : names) {
    const bool is_bad = std::ranges::find(bad, name) != bad.end();
    gradients.push_back(gradient(name, {is_bad ? kNaN : 0.1}));
  }
  return finding_of(diagnose(metrics_of(gradients)), RuleId::kNonFinite).text;
}

TEST(NonFinite, EntersADumpBetweenTheBlocksThatItsNamesCount) {
  // Listed as text sorts them, 10 before 2.
  const std::string text = text_of_dump({"h.1.w", "h.10.w", "h.2.w", "h.9.w"}, {"h.1.w", "h.2.w"});
  EXPECT_NE(text.find("between h.2 and h.9 on the way back"), std::string::npos) << text;
}

TEST(NonFinite, EntersADumpOfKerasBetweenItsLayersToo) {
  const std::string text =
      text_of_dump({"dense/kernel", "dense_1/kernel", "dense_2/kernel"}, {"dense/kernel"});
  EXPECT_NE(text.find("between dense and dense_1 on the way back"), std::string::npos) << text;
}

TEST(NonFinite, NamesTheTensorOfTheBlockWhereItEntersADump) {
  const Finding finding =
      finding_of(diagnose(metrics_of({gradient("h.0.w", {kNaN}), gradient("h.1.b", {0.1}),
                                      gradient("h.1.w", {kNaN}), gradient("h.2.w", {0.1})})),
                 RuleId::kNonFinite);
  EXPECT_EQ(finding.tensor, "h.1.w");
  EXPECT_TRUE(finding.text.starts_with("h.1.w (gradient) holds 1 NaN")) << finding.text;
  EXPECT_NE(finding.text.find("between h.1 and h.2"), std::string::npos) << finding.text;
}

TEST(NonFinite, HasNoBorderWhereNoNameCounts) {
  const std::string text = text_of_dump({"body", "embed", "head"}, {"body"});
  EXPECT_EQ(text.find("between"), std::string::npos) << text;
  EXPECT_NE(text.find("finite are embed and head"), std::string::npos) << text;
}

TEST(NonFinite, HasNoBorderWhereNothingIsFinite) {
  const std::string text = text_of_dump({"h.0.w", "h.1.w"}, {"h.0.w", "h.1.w"});
  EXPECT_EQ(text.find("between"), std::string::npos) << text;
  EXPECT_NE(text.find("no gradient is finite"), std::string::npos) << text;
}

TEST(NonFinite, LossComesAfterTheForwardPassAndBeforeTheBackwardPass) {
  HealthMetrics metrics = metrics_of({gradient("g", {kNaN}, 0)});
  metrics.loss = kInf;
  EXPECT_EQ(diagnose(metrics).findings.front().tensor, "loss");
  EXPECT_EQ(diagnose(metrics).findings.front().text,
            "The loss is Inf; it is the earliest of 2 that are not finite.");
  metrics.tensors.push_back(tensor("z", Role::kPreActivation, 3, {kNaN}));
  EXPECT_EQ(diagnose(metrics).findings.front().tensor, "z");
}

TEST(NonFinite, IsFoundInNormsAlone) {
  const Diagnosis diagnosis = diagnose(metrics_from_norms(std::vector{0.1, 0.2, kNaN, kInf}));
  EXPECT_EQ(fired(diagnosis), "R1");
  EXPECT_EQ(diagnosis.findings.front().tensor, "gradient 3");
  EXPECT_EQ(diagnosis.findings.front().text,
            "The norm of gradient 3 is NaN; it is listed first of 2 that are not finite.");
}

TEST(NonFinite, IsFoundInRecordedMetrics) {
  for (const auto key : {&HealthMetrics::min_gradient, &HealthMetrics::max_gradient,
                         &HealthMetrics::mean_gradient, &HealthMetrics::std_gradient}) {
    HealthMetrics metrics = metrics_from_norms(std::vector{0.1, 0.2});
    metrics.*key = kNaN;
    EXPECT_EQ(diagnose(metrics).verdict, Verdict::kNonFinite);
  }
}

TEST(NonFinite, FiniteExtremesAreFinite) {
  const double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(
      severity_of(diagnose(metrics_from_norms(std::vector{largest, largest})), RuleId::kNonFinite),
      kOk);
  EXPECT_EQ(
      severity_of(diagnose(metrics_from_norms(std::vector{5e-324, largest})), RuleId::kNonFinite),
      kOk);
}

}  // namespace
}  // namespace gradvitals::test
