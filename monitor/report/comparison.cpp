#include "monitor/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/aligned_table.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

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

Metric flow_metric(std::string_view name, std::optional<double> Oxygen::*member, double low,
                   double high) {
  return {name,
          [member](const NetworkReport& network) -> std::string {
            const std::optional<double> value = network.diagnosis.vital_signs.oxygen.*member;
            return value ? scientific(*value) : "n/a";
          },
          fmt::format("{} to {}", three_digits(low), three_digits(high))};
}

/// The notebook's rows and ideal ranges.
std::vector<Metric> notebook_metrics() {
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

std::vector<Metric> metrics_of(RuleSet rules, const Thresholds& t) {
  std::vector<Metric> metrics = notebook_metrics();
  if (rules == RuleSet::kNotebook) return metrics;
  metrics.push_back(flow_metric("Backward Factor", &Oxygen::backward_factor,
                                t.uneven_backward_factor, t.backward_factor_high.warning));
  metrics.push_back(flow_metric("Forward Gain", &Oxygen::forward_gain, t.forward_gain_low.warning,
                                t.forward_gain_high.warning));
  metrics.push_back({"Notebook Score",
                     [](const NetworkReport& network) {
                       return fmt::format("{}/8 {}", network.notebook.score,
                                          network.notebook.verdict);
                     },
                     "7/8 or 8/8"});
  metrics.push_back(
      {"Verdict",
       [](const NetworkReport& network) { return std::string(name(network.diagnosis.verdict)); },
       std::string(name(Verdict::kHealthy))});
  return metrics;
}

}  // namespace

std::vector<TableRow> comparison_rows(std::span<const NetworkReport> networks, RuleSet rules) {
  TableRow header = {"Metric"};
  for (const NetworkReport& network : networks) header.push_back(printable(network.title()));
  header.push_back("Ideal Range");
  std::vector<TableRow> rows = {std::move(header)};
  for (const Metric& metric : metrics_of(rules, networks.front().diagnosis.thresholds)) {
    TableRow row = {std::string(metric.name)};
    for (const NetworkReport& network : networks) row.push_back(metric.cell(network));
    row.push_back(metric.ideal);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string comparison_table(std::span<const NetworkReport> networks, RuleSet rules,
                             TextStyle style) {
  return decorate("📊 COMPREHENSIVE NETWORK COMPARISON\n", style) +
         aligned_table(comparison_rows(networks, rules), style);
}

std::string comparison_text(std::span<const NetworkReport> networks, RuleSet rules,
                            TextStyle style) {
  std::string text = fmt::format("\n{}\n{}", comparison_table(networks, rules, style),
                                 conclusions(networks, rules, style));
  if (rules == RuleSet::kFull) {
    text += fmt::format("\n{}", disagreements(networks, style));
  }
  return text;
}

}  // namespace gradvitals
