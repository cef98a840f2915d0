#include "monitor/report/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/aligned_table.h"
#include "monitor/report/finding_text.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

/// A table that fits on a screen or two.
constexpr std::size_t kMaxRows = 40;
constexpr std::size_t kMaxDetails = 8;

bool is_bad(const NetworkReport& network) {
  return network.diagnosis.severity >= Severity::kWarning;
}

std::string title_of(const NetworkReport& network) {
  const std::string title = printable(network.title());
  if (!network.metrics.step) return title;
  const std::string step = fmt::format("step {}", *network.metrics.step);
  return title == step ? title : fmt::format("{}, {}", title, step);
}

/// "R13 Zero or missing gradients: zero.weight"
std::string worst_finding(const Diagnosis& diagnosis) {
  const auto worst = std::ranges::max_element(diagnosis.findings, {}, &Finding::severity);
  if (worst == diagnosis.findings.end()) return "-";
  return finding_title(*worst);
}

std::string_view symbol(Severity severity) {
  const std::string_view text = marker(severity);
  return text.substr(0, text.find(' '));
}

TableRow header_of(RuleSet rules) {
  if (rules == RuleSet::kNotebook) {
    return {"Step", "Min Gradient", "Max Gradient", "Mean Gradient", "Vanished", "Weak", "Score"};
  }
  return {"", "Step", "Verdict", "Severity", "Global norm", "Smallest", "Largest", "Worst finding"};
}

TableRow row_of(const NetworkReport& network, RuleSet rules) {
  const HealthMetrics& metrics = network.metrics;
  if (rules == RuleSet::kNotebook) {
    return {title_of(network),
            scientific(metrics.min_gradient),
            scientific(metrics.max_gradient),
            scientific(metrics.mean_gradient),
            fmt::to_string(metrics.vanished_layers),
            fmt::to_string(metrics.weak_layers),
            fmt::format("{}/8 {}", network.notebook.score, network.notebook.verdict)};
  }
  return {std::string(symbol(network.diagnosis.severity)),
          title_of(network),
          std::string(name(network.diagnosis.verdict)),
          std::string(name(network.diagnosis.severity)),
          scientific(global_norm(metrics)),
          scientific(metrics.min_gradient),
          scientific(metrics.max_gradient),
          worst_finding(network.diagnosis)};
}

/// The first places and the last, where there are too many.
void thin_out(std::vector<std::size_t>& places, std::size_t most) {
  if (places.size() <= most) return;
  const auto head = static_cast<std::ptrdiff_t>(most - most / 2);
  places.erase(places.begin() + head, places.end() - static_cast<std::ptrdiff_t>(most / 2));
}

/// Places of the steps that findings of the run name.
std::set<std::size_t> named_steps(std::span<const NetworkReport> networks,
                                  const RunDiagnosis& run) {
  std::set<std::string_view> labels;
  for (const RunFinding& found : run.findings) labels.insert(found.label);
  std::set<std::size_t> places;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    if (labels.contains(networks[i].name)) places.insert(i);
  }
  return places;
}

std::vector<std::size_t> shown_steps(std::span<const NetworkReport> networks,
                                     const RunDiagnosis& run) {
  std::vector<std::size_t> bad;
  std::set<std::size_t> shown = named_steps(networks, run);
  for (std::size_t i = 0; i < networks.size(); ++i) {
    if (networks.size() <= kMaxRows) {
      shown.insert(i);
    } else if (is_bad(networks[i])) {
      bad.push_back(i);
    }
  }
  thin_out(bad, kMaxRows);
  shown.insert(bad.begin(), bad.end());
  shown.insert({0, networks.size() - 1});
  return {shown.begin(), shown.end()};
}

/// A line for the steps from `begin` up to `end`, which have no row.
TableRow gap_row(std::span<const NetworkReport> networks, std::size_t begin, std::size_t end) {
  const std::int64_t bad = std::ranges::count_if(networks.subspan(begin, end - begin), is_bad);
  const auto count = static_cast<std::int64_t>(end - begin);
  if (bad == 0) {
    return {fmt::format("    ... {} more healthy {}", count, plural(count, "step", "steps"))};
  }
  return {fmt::format("    ... {} more {}, {} with a warning or worse", count,
                      plural(count, "step", "steps"), bad)};
}

/// "step 7 (b.safetensors)"
std::string step_name(const RunDiagnosis::NamedStep& named) {
  const std::string number = named.step ? fmt::format("step {}", *named.step) : named.label;
  const std::string text = printable(number);
  return number == named.label ? text : fmt::format("{} ({})", text, printable(named.label));
}

/// Where the run goes bad, and what the rows of the table show where that is another step.
std::string first_step_lines(const RunDiagnosis& run) {
  std::string text;
  if (run.first_bad_step)
    text += fmt::format("First bad step: {}\n", step_name(*run.first_bad_step));
  const bool agrees = !run.first_warning ||
                      (run.first_bad_step && run.first_bad_step->label == run.first_warning->label);
  if (!agrees) {
    text += fmt::format("Each step by itself: first warning: {}; first critical: {}\n",
                        step_name(*run.first_warning),
                        run.first_critical ? step_name(*run.first_critical) : "none");
  }
  return text.empty() ? text : "\n" + text;
}

std::string run_finding_lines(const RunFinding& found) {
  std::string text = finding_headline(found.finding) + finding_evidence(found.finding);
  text +=
      fmt::format("   first at {}; holds in {}\n", printable(found.label), steps_text(found.count));
  return text + finding_advice(found.finding);
}

std::string origin_of_severity(const RunDiagnosis& run) {
  if (run.findings.empty()) return "";
  const auto worst = std::ranges::max_element(
      run.findings, {}, [](const RunFinding& found) { return found.finding.severity; });
  return severity_origin(run.findings.front().finding, worst->finding);
}

}  // namespace

std::string run_table(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                      RuleSet rules, TextStyle style) {
  std::vector<TableRow> rows = {header_of(rules)};
  std::size_t next = 0;
  for (const std::size_t place : shown_steps(networks, run)) {
    if (place > next) rows.push_back(gap_row(networks, next, place));
    rows.push_back(row_of(networks[place], rules));
    next = place + 1;
  }
  return decorate(fmt::format("📊 {} OF ONE RUN\n", networks.size() == 1 ? "STEP" : "STEPS"),
                  style) +
         aligned_table(rows, style);
}

std::string run_section(const RunDiagnosis& run, TextStyle style) {
  std::string text = fmt::format("🩺 RUN: {}\n{:=<50}\n", steps_text(run.steps), "");
  if (run.findings.empty()) text += "✅ GOOD: No rule fired over the run\n";
  for (const RunFinding& found : run.findings) text += run_finding_lines(found);
  text += first_step_lines(run);
  text += fmt::format("\n{}: the run's verdict {}{}\n", marker(run.severity), name(run.verdict),
                      origin_of_severity(run));
  return decorate(text, style);
}

std::string run_text(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                     RuleSet rules, TextStyle style) {
  std::string text = fmt::format("\n{}", run_table(networks, run, rules, style));
  if (rules == RuleSet::kFull) text += fmt::format("\n{}", run_section(run, style));
  return text;
}

std::vector<std::size_t> steps_in_detail(std::span<const NetworkReport> networks,
                                         const RunDiagnosis& run) {
  std::set<std::size_t> places;
  if (run.first_bad_step) {
    const auto first = std::ranges::find(networks, run.first_bad_step->label, &NetworkReport::name);
    if (first != networks.end()) places.insert(static_cast<std::size_t>(first - networks.begin()));
  }
  for (std::size_t i = 0; i < networks.size() && places.size() < kMaxDetails; ++i) {
    if (networks.size() <= kMaxDetails || is_bad(networks[i])) places.insert(i);
  }
  return {places.begin(), places.end()};
}

}  // namespace gradvitals
