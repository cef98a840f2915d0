// The sentences of a comparison. Every one is computed: swap two networks' verdicts and the
// sentences swap with them.
#include <fmt/format.h>

#include <optional>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/comparison.h"
#include "monitor/report/number_text.h"
#include "monitor/rules/notebook_interpreter.h"

namespace gradvitals {
namespace {

/// What is healthy on both sides of a value.
struct Range {
  double low;
  double high;
};

/// Names the limit that the value crossed, else the range of the table if the value is within.
/// Other values are excused by other signs, and no range is named.
std::string flow_phrase(std::string_view what, double value, Range limits, Range ideal) {
  std::string text = fmt::format("{} is {}", what, three_digits(value));
  if (value < limits.low)
    return text + fmt::format(" (healthy: at least {})", three_digits(limits.low));
  if (value > limits.high)
    return text + fmt::format(" (healthy: at most {})", three_digits(limits.high));
  if (value < ideal.low || value > ideal.high) return text;
  return text +
         fmt::format(" (healthy: {} to {})", three_digits(ideal.low), three_digits(ideal.high));
}

std::string_view marker_of_score(int score) {
  if (score >= kNotebookExcellent) return "✅";
  return score >= kNotebookModerate ? "⚠️" : "🚨";
}

std::string_view emoji(Severity severity) {
  const std::string_view with_word = marker(severity);
  return with_word.substr(0, with_word.find(' '));
}

std::string full_conclusion(const NetworkReport& network) {
  return fmt::format("{} {}: {}; {}\n", emoji(network.diagnosis.severity), printable(network.name),
                     name(network.diagnosis.verdict), verdict_evidence(network));
}

std::string notebook_conclusion(const NetworkReport& network) {
  const NotebookScore& notebook = network.notebook;
  return fmt::format("{} {}: {}, health score {}/8; {}\n", marker_of_score(notebook.score),
                     printable(network.name), notebook.verdict, notebook.score,
                     notebook_evidence(network.metrics));
}

}  // namespace

std::string verdict_evidence(const NetworkReport& network) {
  const Oxygen& oxygen = network.diagnosis.vital_signs.oxygen;
  const std::optional<std::string> factor = backward_factor_phrase(network.diagnosis);
  const Thresholds& t = network.diagnosis.thresholds;
  const std::vector<Finding>& findings = network.diagnosis.findings;
  const bool is_healthy = network.diagnosis.verdict == Verdict::kHealthy;
  const auto is_first = [&findings](RuleId rule) {
    return !findings.empty() && findings.front().rule == rule;
  };
  // Of several networks, the finding says which one it is about.
  const bool is_one = oxygen.network.empty();
  if (factor && (is_healthy || (is_first(RuleId::kBackwardFactor) && is_one))) return *factor;
  if (oxygen.forward_gain && (is_healthy || (is_first(RuleId::kForwardGain) && is_one))) {
    const Range range{t.forward_gain_low.warning, t.forward_gain_high.warning};
    return flow_phrase("forward gain per hidden layer", *oxygen.forward_gain, range, range);
  }
  if (is_healthy || findings.empty()) return "no rule of severity warning or above fired";
  std::string text = printable(findings.front().text);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::optional<std::string> backward_factor_phrase(const Diagnosis& diagnosis) {
  const Oxygen& oxygen = diagnosis.vital_signs.oxygen;
  const Thresholds& t = diagnosis.thresholds;
  if (!oxygen.backward_factor) return std::nullopt;
  return flow_phrase(
      "backward factor", *oxygen.backward_factor,
      {backward_factor_floor(oxygen, t).warning, backward_factor_ceiling(oxygen, t).warning},
      {t.uneven_backward_factor, t.backward_factor_high.warning});
}

std::string conclusions(std::span<const NetworkReport> networks, RuleSet rules, TextStyle style) {
  std::string text = "🎯 SUMMARY CONCLUSIONS:\n";
  for (const NetworkReport& network : networks) {
    text += rules == RuleSet::kFull ? full_conclusion(network) : notebook_conclusion(network);
  }
  return decorate(text, style);
}

std::string disagreements(std::span<const NetworkReport> networks, TextStyle style) {
  std::string sentences;
  int count = 0;
  for (const NetworkReport& network : networks) {
    const NotebookScore& notebook = network.notebook;
    if (!disagrees(notebook, network.metrics, network.diagnosis)) continue;
    sentences += fmt::format(" {}: the notebook says {} {}/8, since {}; the full rules say {}: {}.",
                             printable(network.title()), notebook.verdict, notebook.score,
                             notebook_evidence(network.metrics), name(network.diagnosis.verdict),
                             verdict_evidence(network));
    ++count;
  }
  if (count == 0) return "The notebook's score and the full rules agree on every network.\n";
  return decorate(fmt::format("The notebook's score and the full rules disagree on {} of {}.{}\n",
                              count, networks.size(), sentences),
                  style);
}

}  // namespace gradvitals
