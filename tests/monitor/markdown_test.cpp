// Contract: the Markdown summary. Oracle: GitHub's rules for tables, code spans and escapes.
#include "monitor/report/export/markdown.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "monitor/report/export/markdown_text.h"
#include "tests/monitor/export_fixtures.h"
#include "tests/monitor/hostile_name.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

std::string summary_of(const std::vector<JudgedSubject>& subjects,
                       std::size_t most = kMostMarkdownBytes) {
  return markdown_summary(subjects, {.version = "1.2", .device = "", .gate = Severity::kOk}, most);
}

/// Lines of the table of findings, its head among them.
std::vector<std::string> finding_rows_of(const std::string& text) {
  std::vector<std::string> rows;
  std::size_t at = text.find("| | Rule |");
  while (at < text.size() && text[at] == '|') {
    const std::size_t end = text.find('\n', at);
    rows.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return rows;
}

int markdown_cells_of(const std::string& row) {
  int cells = -1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '|') ++cells;
  }
  return cells;
}

TEST(MarkdownSummary, BeginsWithTheVerdictInOneSentence) {
  EXPECT_TRUE(summary_of({sick_subject()}).starts_with("## 🚨 Net is vanishing: B is small.\n"));
  EXPECT_TRUE(summary_of({judged_subject(network_with_norms("n", {0.1, 0.2}))})
                  .starts_with("## ✅ n is healthy: no rule found anything.\n"));
}

TEST(MarkdownSummary, OfARunNamesIt) {
  const std::string text = summary_of({judged_subject(sick_run("a|b"))});
  EXPECT_TRUE(contains(text, "judged.\n\n<code>a&#124;b</code>\n")) << text;
}

TEST(MarkdownSummary, OfSeveralSaysHowManyAreBad) {
  const std::string text =
      summary_of({sick_subject("A"), judged_subject(network_with_norms("B", {0.1, 0.2}))});
  EXPECT_TRUE(text.starts_with("## 🚨 1 of 2 judged reach 'warning'\n")) << text;
  EXPECT_TRUE(contains(text, "\n### 🚨 `A`\n\nA is vanishing"));
  EXPECT_TRUE(contains(text, "\n### ✅ `B`\n"));
}

TEST(MarkdownSummary, TablesFindingsWithFirstStepAndAdvice) {
  const std::vector<std::string> rows = finding_rows_of(summary_of({sick_subject()}));
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(
      rows[2],
      "| 🚨 critical | R2 Backward factor | `w` | 0.25 | 0.5 |  | B is small. | do R2<br>or not |");
  EXPECT_EQ(
      rows[3],
      "| ⚠️ warning | R4 Vanished gradients | `w` | 0.25 | 0.5 | from step 3 on | follows "
      "from R2: "
      "Norms vanish. | do R4<br>or not |");
}

TEST(MarkdownSummary, ShowsVitalSignsWithNormalRangesAndTheLimits) {
  JudgedSubject subject = judged_subject(sigmoid_network());
  std::string text = summary_of({subject});
  EXPECT_TRUE(contains(text, "backward factor")) << text;
  EXPECT_TRUE(contains(text, "(normal 0.03 to 12)")) << text;
  EXPECT_TRUE(contains(text, "Limits: all are the default"));
  EXPECT_FALSE(contains(text, "**not the default**"));
  subject.thresholds.range_ratio = 5.0;
  text = summary_of({subject});
  EXPECT_TRUE(contains(text, "Limits: 1 is not the default"));
  EXPECT_TRUE(contains(text, "| R9 | `range_ratio` | 5 |  | **not the default** |")) << text;
}

TEST(MarkdownSummary, NothingJudgedIsNotHealthy) {
  const std::string text = summary_of({unjudged_subject()});
  EXPECT_TRUE(text.starts_with("## 🚨 empty: nothing could be judged")) << text;
}

TEST(MarkdownSummary, HostileNamesNeitherEndACellNorMentionAnyone) {
  const std::string text = summary_of({sick_subject(hostile_name(), hostile_name())});
  const std::vector<std::string> rows = finding_rows_of(text);
  ASSERT_EQ(rows.size(), 5U);
  for (const std::string& row : rows) EXPECT_EQ(markdown_cells_of(row), 8) << row;
  EXPECT_FALSE(contains(text, "\xff"));
  EXPECT_FALSE(contains(text, "\n::error"));
  const std::string heading = text.substr(0, text.find('\n'));
  EXPECT_TRUE(contains(heading, R"(\<script\>\&)")) << heading;
  EXPECT_TRUE(contains(heading, "@&#8203;team")) << heading;
  EXPECT_TRUE(contains(heading, "http&#8203;://evil")) << heading;
}

TEST(MarkdownSummary, IsCutAndSaysSo) {
  JudgedSubject subject = sick_subject();
  for (int i = 0; i < 20'000; ++i) {
    subject.findings.push_back(
        {found(RuleId::kZeroGradient, Severity::kWarning, std::string(5000, 'x'), "Zero."), ""});
  }
  const std::string text = summary_of({subject});
  EXPECT_LE(text.size(), kMostMarkdownBytes);
  EXPECT_GT(text.size(), kMostMarkdownBytes / 2);
  EXPECT_TRUE(contains(text, "findings and ")) << text.substr(text.size() - 200);
  EXPECT_TRUE(contains(text, "left out._\n"));
  const std::size_t shown = finding_rows_of(text).size() - 2;
  EXPECT_TRUE(contains(text, std::to_string(20'003 - shown) + " findings"));
}

TEST(MarkdownText, EscapesWhatWouldBeLayoutAndNothingElse) {
  EXPECT_EQ(markdown_text("dense_1/kernel 0.5 (x)"), "dense_1/kernel 0.5 (x)");
  EXPECT_EQ(markdown_text("_a_ __b"), "\\_a\\_ \\_\\_b");
  EXPECT_EQ(markdown_text("*a* ~b~ $c$ #1 &amp;"), "\\*a\\* \\~b\\~ \\$c\\$ \\#1 \\&amp;");
  EXPECT_EQ(markdown_text("www.a.b a@b"), "www&#8203;.a.b a@&#8203;b");
  EXPECT_EQ(markdown_text("a\nb"), "a\\\\nb");
}

TEST(MarkdownCode, FencesBackticksWithMoreOfThem) {
  EXPECT_EQ(markdown_code("a"), "`a`");
  EXPECT_EQ(markdown_code("a``b"), "```a``b```");
  EXPECT_EQ(markdown_code("`"), "`` ` ``");
  EXPECT_EQ(markdown_code("a\\|b"), "<code>a\\\\&#124;b</code>");
  EXPECT_EQ(markdown_code(""), "");
}

}  // namespace
}  // namespace gradvitals::test
