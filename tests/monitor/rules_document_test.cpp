// Contract: docs/rules.md states the rules and the default limits that the code has.
// Oracle: the code's tables.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "monitor/rules/rule.h"
#include "monitor/rules/thresholds.h"

namespace gradvitals {
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

struct DefaultLimit {
  std::string_view rule;
  std::string_view name;
  std::optional<double> warning;
  std::optional<double> critical;
};

constexpr Thresholds kDefaults;

DefaultLimit both(std::string_view rule, std::string_view name, Limits limits) {
  return {rule, name, limits.warning, limits.critical};
}

const std::array kLimits{
    both("R2", "backward_gain_low", kDefaults.backward_gain_low),
    both("R2", "backward_gain_high", kDefaults.backward_gain_high),
    both("R3", "forward_gain_low", kDefaults.forward_gain_low),
    both("R3", "forward_gain_high", kDefaults.forward_gain_high),
    DefaultLimit{"R4", "vanished_norm", {}, kDefaults.vanished_norm},
    DefaultLimit{"R4", "vanished_rms", {}, kDefaults.vanished_rms},
    DefaultLimit{"R6", "complete_failure_norm", {}, kDefaults.complete_failure_norm},
    both("R8", "large_norm", kDefaults.large_norm),
    both("R9", "range_ratio", kDefaults.range_ratio),
    both("R10", "dead_unit_fraction", kDefaults.dead_unit_fraction),
    DefaultLimit{"R10", "min_relu_batch", static_cast<double>(kDefaults.min_relu_batch),
                 static_cast<double>(kDefaults.min_relu_batch)},
    DefaultLimit{"R11", "saturation_fraction", kDefaults.saturation_fraction,
                 kDefaults.saturation_fraction},
    DefaultLimit{"R13", "zero_fraction", kDefaults.zero_fraction, {}},
};

// Seven pairs and six single values: whoever adds a limit must come by here.
static_assert(sizeof(Thresholds) == (7 * 2 + 6) * sizeof(double),
              "a limit was added: name it in kLimits and in docs/rules.md");

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
    ASSERT_EQ(rows[i].size(), 4u) << rows[i][0];
    EXPECT_EQ(rows[i][0], rules[i].id);
    EXPECT_EQ(rows[i][1], rules[i].title);
    EXPECT_EQ(rows[i][2], rules[i].source);
  }
}

TEST(RulesDocument, ExplainsEveryRule) {
  std::ifstream file(GRADVITALS_TEST_DATA "/../../docs/rules.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const Rule& rule : rule_table()) {
    EXPECT_NE(text.find(fmt::format("\n- **{}** ", rule.id)), std::string::npos) << rule.id;
  }
}

TEST(RulesDocument, StatesEveryDefaultLimit) {
  const std::vector<Row> rows = table_under("Limits");
  ASSERT_EQ(rows.size(), kLimits.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 5u) << rows[i][0];
    EXPECT_EQ(rows[i][0], kLimits[i].rule);
    EXPECT_EQ(rows[i][1], kLimits[i].name);
    EXPECT_EQ(number_of(rows[i][3]), kLimits[i].warning) << kLimits[i].name;
    EXPECT_EQ(number_of(rows[i][4]), kLimits[i].critical) << kLimits[i].name;
  }
}

}  // namespace
}  // namespace gradvitals
