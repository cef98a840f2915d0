// Contract: docs/rules.md states the rules and the default limits that the code has.
// Oracle: the code's tables.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "monitor/metrics/thresholds.h"
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

DefaultLimit warns(std::string_view rule, std::string_view name, double limit) {
  return {rule, name, limit, {}};
}

DefaultLimit is_critical(std::string_view rule, std::string_view name, double limit) {
  return {rule, name, {}, limit};
}

const std::array kDocumentedLimits{
    both("R2", "backward_factor_low", kDefaults.backward_factor_low),
    warns("R2", "uneven_backward_factor", kDefaults.uneven_backward_factor),
    warns("R2", "uneven_spread", kDefaults.uneven_spread),
    warns("R2", "steep_backward_factor", kDefaults.steep_backward_factor),
    warns("R2", "steep_factor_per_layer", kDefaults.steep_factor_per_layer),
    warns("R2", "shrinking_forward_gain", kDefaults.shrinking_forward_gain),
    both("R2", "backward_factor_high", kDefaults.backward_factor_high),
    warns("R2", "moving_gradient_to_weight", kDefaults.moving_gradient_to_weight),
    both("R3", "forward_gain_low", kDefaults.forward_gain_low),
    both("R3", "forward_gain_high", kDefaults.forward_gain_high),
    both("R19", "gradient_spread", kDefaults.gradient_spread),
    is_critical("R4", "vanished_norm", kDefaults.vanished_norm),
    is_critical("R4", "vanished_rms", kDefaults.vanished_rms),
    warns("R4", "idle_bias_ratio", kDefaults.idle_bias_ratio),
    is_critical("R6", "complete_failure_norm", kDefaults.complete_failure_norm),
    both("R8", "gradient_to_weight", kDefaults.gradient_to_weight),
    both("R8", "large_rms", kDefaults.large_rms),
    both("R8", "large_norm", kDefaults.large_norm),
    warns("R9", "range_ratio", kDefaults.range_ratio),
    both("R10", "dead_unit_fraction", kDefaults.dead_unit_fraction),
    warns("R10", "min_relu_batch", static_cast<double>(kDefaults.min_relu_batch)),
    DefaultLimit{"R11", "saturation_fraction", kDefaults.saturation_fraction,
                 kDefaults.saturation_fraction},
    warns("R13", "zero_fraction", kDefaults.zero_fraction),
    is_critical("R13", "settled_step", static_cast<double>(kDefaults.settled_step)),
    warns("R21", "subnormal_fraction", kDefaults.subnormal_fraction),
    is_critical("R23", "twin_fraction", kDefaults.twin_fraction),
    warns("R24", "zero_unit_fraction", kDefaults.zero_unit_fraction),
    warns("R24", "top_unit_share", kDefaults.top_unit_share),
    warns("Run", "run_share", kDefaults.run_share),
    warns("R1", "skipped_step_fraction", kDefaults.skipped_step_fraction),
    warns("R14", "min_norm_history", static_cast<double>(kDefaults.min_norm_history)),
    both("R14", "norm_growth", kDefaults.norm_growth),
    warns("R14", "norm_collapse", kDefaults.norm_collapse),
    warns("R14", "converged_loss", kDefaults.converged_loss),
    warns("Run", "warmup_steps", static_cast<double>(kDefaults.warmup_steps)),
    warns("Run", "patience", static_cast<double>(kDefaults.patience)),
    warns("Run", "clear_after", static_cast<double>(kDefaults.clear_after)),
    warns("R14", "norm_window", static_cast<double>(kDefaults.norm_window)),
    warns("R14", "min_norm_window", static_cast<double>(kDefaults.min_norm_window)),
    warns("R14", "spike_deviations", kDefaults.spike_deviations),
    warns("R14", "spike_factor", kDefaults.spike_factor),
    warns("R14", "min_norm_deviation", kDefaults.min_norm_deviation),
    both("R17", "loss_growth", kDefaults.loss_growth),
    warns("R17", "loss_deviations", kDefaults.loss_deviations),
    warns("R15", "drift_slack", kDefaults.drift_slack),
    warns("R15", "drift_limit", kDefaults.drift_limit),
    warns("R16", "stall_improvement", kDefaults.stall_improvement),
    warns("R12", "update_ratio_high", kDefaults.update_ratio_high),
    warns("R12", "update_ratio_low", kDefaults.update_ratio_low),
    warns("R18", "unchanged_ratio", kDefaults.unchanged_ratio),
    warns("R5", "weak_norm", kDefaults.weak_norm),
    warns("R5", "weak_fraction", kDefaults.weak_fraction),
    warns("R22", "initial_variance_factor", kDefaults.initial_variance_factor),
};

// Eleven pairs and forty-two single values: a limit that is added must be named here.
static_assert(sizeof(Thresholds) == (11 * 2 + 42) * sizeof(double),
              "a limit was added: name it in kDocumentedLimits and in docs/rules.md");

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
  const std::vector<Row> rows = table_under("Limits");
  ASSERT_EQ(rows.size(), kDocumentedLimits.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 5u) << rows[i][0];
    EXPECT_EQ(rows[i][0], kDocumentedLimits[i].rule);
    EXPECT_EQ(rows[i][1], kDocumentedLimits[i].name);
    EXPECT_EQ(number_of(rows[i][3]), kDocumentedLimits[i].warning) << kDocumentedLimits[i].name;
    EXPECT_EQ(number_of(rows[i][4]), kDocumentedLimits[i].critical) << kDocumentedLimits[i].name;
  }
}

}  // namespace
}  // namespace gradvitals::test
