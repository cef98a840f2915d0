// Contract: docs/rules.md states the rules and the default limits that the code has.
// Oracle: the code's tables.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "monitor/metrics/threshold_table.h"
#include "monitor/rules/rule.h"
#include "monitor/trajectory/trajectory_rule.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

using Row = std::vector<std::string>;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" `");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" `") - first + 1);
}

/// The cells of "| a | b |".
Row cells_of(const std::string& line) {
  Row cells;
  for (std::size_t begin = 1; begin < line.size();) {
    const std::size_t end = line.find('|', begin);
    cells.push_back(trimmed(line.substr(begin, end - begin)));
    begin = end == std::string::npos ? line.size() : end + 1;
  }
  return cells;
}

/// The rows of the table under a heading, without its head.
std::vector<Row> table_under(const std::string& heading) {
  std::ifstream file(GRADVITALS_TEST_DATA "/../../docs/rules.md");
  EXPECT_TRUE(file) << "docs/rules.md cannot be opened";
  std::vector<Row> rows;
  bool is_inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) is_inside = line == "## " + heading;
    if (is_inside && line.starts_with("| R")) rows.push_back(cells_of(line));
  }
  return rows;
}

/// "0.5 (head)" is 0.5, "" is none.
std::optional<double> number_of(const std::string& cell) {
  if (cell.empty()) return std::nullopt;
  return std::stod(cell);
}

TEST(RulesDocument, ListsTheRulesInTheirOrder) {
  const std::vector<Row> rows = table_under("Rules");
  const auto rules = rule_table();
  ASSERT_EQ(rows.size(), rules.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 5u) << rows[i][0];
    EXPECT_EQ(rows[i][0], rule_number(rules[i].id));
    EXPECT_EQ(rows[i][1], rule_word(rules[i].id));
    EXPECT_EQ(rows[i][2], rules[i].title);
    EXPECT_EQ(rows[i][3], rules[i].source);
  }
}

TEST(RulesDocument, ListsTheRulesOverTimeInTheirOrder) {
  const std::vector<Row> rows = table_under("Rules over time");
  const auto rules = trajectory_rules();
  ASSERT_EQ(rows.size(), rules.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 5u) << rows[i][0];
    EXPECT_EQ(rows[i][0], rule_number(rules[i].id));
    EXPECT_EQ(rows[i][1], rule_word(rules[i].id));
    EXPECT_EQ(rows[i][2], rules[i].title);
    EXPECT_EQ(rows[i][3], rules[i].source);
  }
}

TEST(RulesDocument, ExplainsEveryRule) {
  std::ifstream file(GRADVITALS_TEST_DATA "/../../docs/rules.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const RuleId rule : test::all_rules()) {
    EXPECT_NE(text.find(fmt::format("\n- **{}** ", rule_number(rule))), std::string::npos)
        << rule_number(rule);
    EXPECT_NE(text.find(fmt::format("`{}`", rule_word(rule))), std::string::npos)
        << rule_word(rule);
  }
}

TEST(RulesDocument, StatesEveryDefaultLimit) {
  constexpr Thresholds kDefaults;
  const std::vector<Row> rows = table_under("Limits");
  const std::span<const ThresholdField> fields = threshold_table();
  ASSERT_EQ(rows.size(), fields.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ThresholdField& field = fields[i];
    ASSERT_EQ(rows[i].size(), 5u) << rows[i][0];
    EXPECT_EQ(rows[i][0], field.rule);
    EXPECT_EQ(rows[i][1], field.name);
    const auto [warning, critical] = limits_of(kDefaults, field);
    using Cell = std::optional<double>;
    const bool warns = field.level != ThresholdLevel::kCritical;
    const bool is_critical = field.level != ThresholdLevel::kWarning;
    EXPECT_EQ(number_of(rows[i][3]), warns ? Cell(warning) : Cell()) << field.name;
    EXPECT_EQ(number_of(rows[i][4]), is_critical ? Cell(critical) : Cell()) << field.name;
  }
}

}  // namespace
}  // namespace gradvitals::test
