// Contract: JUnit XML of judged subjects. Oracle: documents written down by hand; parsers of packages
// read it in tests/python/test_exports.py.
#include "monitor/report/export/junit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/monitor/export_fixtures.h"
#include "tests/monitor/hostile_name.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

std::string junit_of(const JudgedSubject& subject, Severity gate = Severity::kOk) {
  return junit_xml(std::span(&subject, 1), {.version = "1.2", .device = "", .gate = gate});
}

TEST(Junit, HasATestcaseForEachRuleThatPassedFailedOrWasSkipped) {
  const std::string xml = junit_of(sick_subject());
  EXPECT_TRUE(
      contains(xml, R"(<testsuite name="Net" tests="6" failures="2" errors="0" skipped="1">)"))
      << xml;
  EXPECT_TRUE(contains(xml, R"(<testcase classname="gradvitals.Net" name="something to judge"/>)"));
  EXPECT_TRUE(contains(
      xml, R"(name="R2 Backward factor"><failure message="B is small." type="critical">)"));
  EXPECT_TRUE(contains(
      xml, R"(name="R3 Forward gain per hidden layer"><skipped message="no activations"/>)"));
  EXPECT_TRUE(contains(xml, R"(name="R8 Large gradients"/>)"));
  EXPECT_TRUE(
      contains(xml, R"(name="R9 Range of gradient norms"><system-out>info: Norms span much.)"));
}

TEST(Junit, BodiesHaveTensorValueLimitAdviceAndConsequences) {
  const std::string xml = junit_of(sick_subject());
  EXPECT_TRUE(
      contains(xml,
               "critical: B is small.\ntensor: w\nvalue 0.25, limit 0.5\nadvice: do R2\nadvice: or "
               "not\nexplains: R4 Vanished gradients: Norms vanish.\n"))
      << xml;
  EXPECT_TRUE(
      contains(xml,
               "value 0.25, limit 0.5, from step 3 on\nadvice: do R4\nadvice: or not\nfollows "
               "from: R2 Backward factor\n"))
      << xml;
}

TEST(Junit, TheGateDecidesWhatFails) {
  EXPECT_EQ(count_of(junit_of(sick_subject(), Severity::kCritical), "<failure "), 1);
  EXPECT_EQ(count_of(junit_of(sick_subject(), Severity::kWarning), "<failure "), 2);
  EXPECT_EQ(count_of(junit_of(sick_subject(), Severity::kInfo), "<failure "), 3);
}

TEST(Junit, NothingJudgedIsAnError) {
  const std::string xml = junit_of(unjudged_subject());
  EXPECT_TRUE(contains(xml, R"(errors="1")")) << xml;
  EXPECT_EQ(count_of(xml, "<error "), 1) << xml;
}

TEST(Junit, PropertiesNameTheLimitsThatAreNotTheDefault) {
  JudgedSubject subject = sick_subject();
  EXPECT_FALSE(contains(junit_of(subject), "threshold."));
  subject.thresholds.range_ratio = 12.5;
  subject.thresholds.large_norm = {1.0, 2.0};
  const std::string xml = junit_of(subject);
  EXPECT_TRUE(contains(xml, R"(<property name="threshold.range_ratio" value="12.5"/>)")) << xml;
  EXPECT_TRUE(
      contains(xml, R"(<property name="threshold.large_norm" value="warning 1, critical 2"/>)"));
  EXPECT_TRUE(contains(xml, R"(<property name="verdict" value="vanishing"/>)"));
  EXPECT_TRUE(contains(xml, R"(<property name="version" value="1.2"/>)"));
  EXPECT_TRUE(contains(xml, R"(<property name="device" value="cpu"/>)"));
}

TEST(Junit, HostileNamesStayNames) {
  const std::string xml = junit_of(sick_subject(hostile_name(), hostile_name()));
  EXPECT_FALSE(contains(xml, "<script"));
  EXPECT_FALSE(contains(xml, "]]>"));
  EXPECT_FALSE(contains(xml, std::string_view("\x01", 1)));
  EXPECT_FALSE(contains(xml, "\xff"));
  EXPECT_TRUE(contains(xml, "&lt;script&gt;&amp;]]&gt;"));
  EXPECT_TRUE(contains(xml, R"(=1+1&quot;')"));
  EXPECT_TRUE(contains(xml, "&#10;::error::x&#13;&#10;"));  // Of an attribute.
}

TEST(Junit, AThousandFindingsOfARuleAreAHundredAndANumber) {
  JudgedSubject subject = sick_subject();
  subject.findings.clear();
  for (int i = 0; i < 1000; ++i) {
    subject.findings.push_back(
        {found(RuleId::kBackwardFactor, Severity::kWarning, "w" + std::to_string(i), "B."), ""});
  }
  const std::string xml = junit_of(subject);
  EXPECT_EQ(count_of(xml, "tensor: w"), 100);
  EXPECT_TRUE(contains(xml, "900 more are left out here"));
}

}  // namespace
}  // namespace gradvitals::test
