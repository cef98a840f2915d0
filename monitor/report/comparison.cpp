#include "monitor/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "kernels/utf8.h"
#include "monitor/report/number_text.h"
#include "monitor/rules/seed_interpreter.h"

namespace gradvitals {
namespace {

constexpr std::string_view kColumnGap = "  ";

using Row = std::vector<std::string>;

/// One metric of the table: its name, the cell of a network, and what would be ideal.
struct Metric {
  std::string_view name;
  std::function<std::string(const NetworkReport&)> cell;
  std::string ideal;
};

Metric number_metric(std::string_view name, double HealthMetrics::*member, std::string ideal) {
  return {name,
          [member](const NetworkReport& network) { return scientific(network.metrics.*member); },
          std::move(ideal)};
}

Metric count_metric(std::string_view name, std::int64_t HealthMetrics::*member, std::string ideal) {
  return {
      name,
      [member](const NetworkReport& network) { return fmt::to_string(network.metrics.*member); },
      std::move(ideal)};
}

Metric gain_metric(std::string_view name, std::optional<double> Oxygen::*member, Limits low,
                   Limits high) {
  return {name,
          [member](const NetworkReport& network) -> std::string {
            const std::optional<double> gain = network.diagnosis.vital_signs.oxygen.*member;
            return gain ? scientific(*gain) : "n/a";
          },
          fmt::format("{} to {}", three_digits(low.warning), three_digits(high.warning))};
}

/// The seed's rows and ideal ranges.
std::vector<Metric> seed_metrics() {
  return {
      number_metric("Min Gradient", &HealthMetrics::min_gradient, "1e-4 to 1e0"),
      number_metric("Max Gradient", &HealthMetrics::max_gradient, "1e-4 to 1e1"),
      number_metric("Mean Gradient", &HealthMetrics::mean_gradient, "1e-3 to 1e0"),
      number_metric("Std Gradient", &HealthMetrics::std_gradient, "< Mean"),
      count_metric("Vanished Layers", &HealthMetrics::vanished_layers, "0"),
      count_metric("Weak Layers", &HealthMetrics::weak_layers, "0-1"),
      count_metric("Total Layers", &HealthMetrics::total_layers, "N/A"),
  };
}

std::vector<Metric> metrics_of(RuleSet rules, const Thresholds& thresholds) {
  std::vector<Metric> metrics = seed_metrics();
  if (rules == RuleSet::kSeed) return metrics;
  metrics.push_back(gain_metric("Backward Gain", &Oxygen::backward_gain,
                                thresholds.backward_gain_low, thresholds.backward_gain_high));
  metrics.push_back(gain_metric("Forward Gain", &Oxygen::forward_gain, thresholds.forward_gain_low,
                                thresholds.forward_gain_high));
  metrics.push_back({"Seed Score",
                     [](const NetworkReport& network) {
                       const SeedScore seed = seed_score(network.metrics);
                       return fmt::format("{}/8 {}", seed.score, seed.verdict);
                     },
                     "7/8 or 8/8"});
  metrics.push_back(
      {"Verdict",
       [](const NetworkReport& network) { return std::string(name(network.diagnosis.verdict)); },
       std::string(name(Verdict::kHealthy))});
  return metrics;
}

std::vector<Row> rows_of(std::span<const NetworkReport> networks,
                         const std::vector<Metric>& metrics) {
  Row header = {"Metric"};
  for (const NetworkReport& network : networks) header.push_back(printable(network.title()));
  header.push_back("Ideal Range");
  std::vector<Row> rows = {std::move(header)};
  for (const Metric& metric : metrics) {
    Row row = {std::string(metric.name)};
    for (const NetworkReport& network : networks) row.push_back(metric.cell(network));
    row.push_back(metric.ideal);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<int> column_widths(const std::vector<Row>& rows) {
  std::vector<int> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  return widths;
}

/// The last cell is not padded: no line ends in blanks.
std::string line_of(const Row& row, const std::vector<int>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 == row.size()) break;
    line.append(static_cast<std::size_t>(widths[i] - display_width(row[i])), ' ');
    line += kColumnGap;
  }
  return line + '\n';
}

}  // namespace

std::string comparison_table(std::span<const NetworkReport> networks, RuleSet rules,
                             const Thresholds& thresholds, TextStyle style) {
  std::vector<Row> rows = rows_of(networks, metrics_of(rules, thresholds));
  // Before the widths are taken: an ASCII form is wider than the character it stands for.
  for (Row& row : rows) {
    for (std::string& cell : row) cell = decorate(cell, {.ascii = style.ascii});
  }
  const std::vector<int> widths = column_widths(rows);
  int table_width = static_cast<int>(kColumnGap.size() * (widths.size() - 1));
  for (const int width : widths) table_width += width;

  const std::string rule = fmt::format("{:-<{}}\n", "", table_width);
  std::string text = decorate("📊 COMPREHENSIVE NETWORK COMPARISON\n", style);
  text += fmt::format("{:=<{}}\n", "", table_width) + line_of(rows.front(), widths) + rule;
  for (auto row = rows.begin() + 1; row != rows.end(); ++row) text += line_of(*row, widths);
  return text + rule;
}

std::string comparison_text(std::span<const NetworkReport> networks, RuleSet rules,
                            const Thresholds& thresholds, TextStyle style) {
  std::string text = fmt::format("\n{}\n{}", comparison_table(networks, rules, thresholds, style),
                                 conclusions(networks, rules, thresholds, style));
  if (rules == RuleSet::kFull) {
    text += fmt::format("\n{}", disagreements(networks, thresholds, style));
  }
  return text;
}

}  // namespace gradvitals
