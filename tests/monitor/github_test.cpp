// Contract: annotations for GitHub's runner. Oracle: lines by GitHub's documentation of workflow commands,
// and its runner's rules for escapes.
#include "monitor/report/export/github.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/monitor/export_fixtures.h"
#include "tests/monitor/hostile_name.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

std::string annotations_of(const std::vector<JudgedSubject>& subjects,
                           Severity gate = Severity::kOk) {
  return github_annotations(subjects, {.version = "1", .device = "", .gate = gate});
}

TEST(GithubAnnotations, FoldWhatFollowsIntoTheRoot) {
  EXPECT_EQ(
      annotations_of({sick_subject()}),
      "::error title=Net%3A R2 Backward factor%3A w::B is small.%0Avalue 0.25, limit 0.5%0A- do "
      "R2%0A- or not%0AFollows from it: R4 Vanished gradients in w\n"
      "::notice title=Net%3A R9 Range of gradient norms::Norms span much.%0Avalue 0.25, limit "
      "0.5%0A- do R9%0A- or not\n");
}

TEST(GithubAnnotations, WhatTripsTheGateIsAnError) {
  JudgedSubject subject = sick_subject();
  subject.findings = {subject.findings[1]};
  EXPECT_TRUE(annotations_of({subject}).starts_with("::warning "));
  EXPECT_TRUE(annotations_of({subject}, Severity::kWarning).starts_with("::error "));
  EXPECT_TRUE(annotations_of({subject}, Severity::kCritical).starts_with("::warning "));
}

TEST(GithubAnnotations, ARootIsAsBadAsTheWorstThatFollowsFromIt) {
  JudgedSubject subject = sick_subject();
  subject.findings[0].finding.severity = Severity::kWarning;
  subject.findings[1].finding.severity = Severity::kCritical;
  EXPECT_TRUE(annotations_of({subject}).starts_with("::error "));
}

TEST(GithubAnnotations, HealthIsNoNews) {
  EXPECT_EQ(annotations_of({judged_subject(network_with_norms("n", {0.1, 0.2}))}), "");
}

TEST(GithubAnnotations, NothingJudgedIsAnError) {
  const std::string lines = annotations_of({unjudged_subject()});
  EXPECT_TRUE(lines.starts_with("::error title=empty%3A nothing judged::")) << lines;
  EXPECT_EQ(count_of(lines, "\n"), 1);
}

TEST(GithubAnnotations, OfMoreThanTenTheTenthSaysHowMany) {
  JudgedSubject subject = sick_subject();
  subject.findings.clear();
  for (int i = 0; i < 10; ++i) {
    subject.findings.push_back({found(RuleId::kDeadUnits, Severity::kWarning, "w", "Dead."), ""});
  }
  EXPECT_EQ(count_of(annotations_of({subject}), "::warning "), 10);
  EXPECT_FALSE(contains(annotations_of({subject}), "more"));
  subject.findings.push_back({found(RuleId::kZeroUnits, Severity::kWarning, "w", "Zero."), ""});
  subject.findings.push_back({found(RuleId::kNormRange, Severity::kInfo, "", "Far."), ""});
  const std::string lines = annotations_of({subject});
  EXPECT_EQ(count_of(lines, "::warning "), 10);
  EXPECT_EQ(count_of(lines, "::notice "), 1);
  EXPECT_TRUE(
      contains(lines, "::warning title=gradvitals%3A 2 more::2 more of this level, of R10, R24:"))
      << lines;
}

TEST(GithubAnnotations, AHostileNameIsNoCommandAndNoLine) {
  const std::string lines = annotations_of({sick_subject(hostile_name(), hostile_name())});
  EXPECT_EQ(count_of(lines, "\n"), 2) << lines;
  EXPECT_EQ(count_of(lines, "\n::error::x"), 0);
  EXPECT_FALSE(contains(lines, "\r"));
  EXPECT_FALSE(contains(lines, "\xff"));
  EXPECT_TRUE(contains(lines,
                       "%25"
                       "0A"))
      << lines;
  // Up to the second "::" a line is properties, which commas and colons would end.
  const std::string_view properties = std::string_view(lines).substr(8, lines.find("::", 8) - 8);
  EXPECT_FALSE(contains(properties.substr(6), ":")) << properties;
  EXPECT_FALSE(contains(properties, ",")) << properties;
}

TEST(GithubPlainText, KeepsTheRunnerFromReadingCommandsInIt) {
  EXPECT_EQ(github_plain_text("a\n##[error]b\n"),
            "::stop-commands::gradvitals-text\na\n##[error]b\n::gradvitals-text::\n");
  EXPECT_EQ(github_plain_text("a"), "::stop-commands::gradvitals-text\na\n::gradvitals-text::\n");
  EXPECT_EQ(github_plain_text(""), "");
  const std::string clever = github_plain_text("\n::gradvitals-text::\n::error::gotcha\n");
  EXPECT_TRUE(clever.starts_with("::stop-commands::gradvitals-text-0\n")) << clever;
}

}  // namespace
}  // namespace gradvitals::test
