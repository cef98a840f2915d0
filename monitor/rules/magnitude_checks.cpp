// R4, R6, R8 and R9: gradients that are too small, too large or too far apart.
#include <fmt/format.h>

#include <algorithm>

#include "monitor/rules/advice.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

Finding finding_about(const GradientReading& gradient, Severity severity, double value,
                      double threshold, Verdict verdict) {
  Finding finding;
  finding.severity = severity;
  finding.tensor = gradient.name;
  finding.layer = gradient.layer;
  finding.value = value;
  finding.threshold = threshold;
  finding.verdict = verdict;
  return finding;
}

using Readings = std::vector<const GradientReading*>;

/// A finding about the smallest of `vanished`, which are one or more.
Finding finding_about_vanished(const Readings& vanished, Severity severity,
                               const Thresholds& thresholds) {
  const GradientReading& smallest = **std::ranges::min_element(
      vanished, {}, [](const GradientReading* gradient) { return gradient->norm; });
  // A large tensor can pass the limit on its norm with elements that are all tiny.
  const bool by_norm = smallest.norm < thresholds.vanished_norm;
  const double value = by_norm ? smallest.norm : *smallest.rms;
  Finding finding = finding_about(smallest, severity, value,
                                  by_norm ? thresholds.vanished_norm : thresholds.vanished_rms,
                                  Verdict::kVanishing);
  finding.text = fmt::format("the smallest is that of {}, with {} {:.1e}", smallest.name,
                             by_norm ? "norm" : "rms", value);
  return finding;
}

Finding vanished_gradients(const Readings& vanished, const Evidence& evidence) {
  Finding finding = finding_about_vanished(vanished, Severity::kCritical, evidence.thresholds);
  const std::int64_t count = std::ssize(vanished);
  finding.text = fmt::format("{} of {} gradients {} vanished; {}.", count,
                             evidence.gradients.size(), plural(count, "has", "have"), finding.text);
  const std::string_view squashing = squashing_activation(evidence.metrics);
  finding.advice = {
      squashing.empty() ? "Check the initial scale of the weights" : advice_against(squashing),
      "Check the scale of the loss: a mean over many elements makes gradients small",
      "Where the loss is as low as it can be, training is done"};
  return finding;
}

Finding vanished_biases(const Readings& vanished, const Evidence& evidence) {
  Finding finding = finding_about_vanished(vanished, Severity::kInfo, evidence.thresholds);
  const std::int64_t count = std::ssize(vanished);
  finding.text = fmt::format("{} {} no gradient to speak of while {} kernel learns; {}.", count,
                             plural(count, "bias has", "biases have"),
                             plural(count, "its", "each one's"), finding.text);
  finding.advice = {
      "Expected before a normalisation layer and for attention keys: the bias can be left out"};
  return finding;
}

}  // namespace

std::vector<Finding> check_vanished_gradients(const Evidence& evidence) {
  Readings vanished, biases;
  for (const GradientReading& gradient : evidence.gradients) {
    if (!has_vanished(gradient, evidence.thresholds)) continue;
    (gradient.is_idle_bias ? biases : vanished).push_back(&gradient);
  }
  std::vector<Finding> findings;
  if (!vanished.empty()) findings.push_back(vanished_gradients(vanished, evidence));
  if (!biases.empty()) findings.push_back(vanished_biases(biases, evidence));
  return findings;
}

std::vector<Finding> check_complete_failure(const Evidence& evidence) {
  if (evidence.gradients.empty()) return {};
  const GradientReading& largest =
      *std::ranges::max_element(evidence.gradients, {}, &GradientReading::norm);
  const double limit = evidence.thresholds.complete_failure_norm;
  const bool all_known = std::ranges::all_of(evidence.gradients, &GradientReading::is_whole);
  if (!all_known || !(largest.norm < limit)) return {};
  Finding finding =
      finding_about(largest, Severity::kCritical, largest.norm, limit, Verdict::kVanishing);
  finding.text = fmt::format(
      "Every gradient norm is below {:.0e}; the largest, that of {}, is "
      "{:.1e}: nothing will be learnt.",
      limit, largest.name, largest.norm);
  finding.advice = {"Check that the loss depends on the network's output",
                    "Check for a saturated head, weights of zero and a loss that is scaled down",
                    "Where the loss is as low as it can be, training is done"};
  return {finding};
}

std::vector<Finding> check_large_gradients(const Evidence& evidence) {
  if (evidence.gradients.empty()) return {};
  const Limits limits = evidence.thresholds.large_norm;
  const GradientReading& largest =
      *std::ranges::max_element(evidence.gradients, {}, &GradientReading::norm);
  const Severity severity = severity_above(largest.norm, limits);
  if (severity == Severity::kOk) return {};
  const double limit = limit_of(limits, severity);
  const auto count = std::ranges::count_if(
      evidence.gradients, [limit](const GradientReading& g) { return g.norm > limit; });
  Finding finding = finding_about(largest, severity, largest.norm, limit, Verdict::kExploding);
  finding.text = fmt::format(
      "{} of {} gradient norms {} above {:g}; the largest, that of {}, is {:.1e}.", count,
      evidence.gradients.size(), plural(count, "is", "are"), limit, largest.name, largest.norm);
  finding.advice = {"Clip gradients by their global norm (1 is a common limit)",
                    "Reduce the learning rate",
                    "Normalise inputs and targets, and check the initial scale of the weights"};
  return {finding};
}

std::vector<Finding> check_norm_range(const Evidence& evidence) {
  const auto range = nonzero_norm_range(evidence.gradients);
  if (!range) return {};
  const Limits limits = evidence.thresholds.range_ratio;
  const double ratio = range->ratio();
  const Severity severity = severity_above(ratio, limits);
  if (severity == Severity::kOk) return {};
  const auto zero_count = std::ranges::count(evidence.gradients, 0.0, &GradientReading::norm);
  Finding finding;  // About the network: neither end of the range is at fault alone.
  finding.severity = severity;
  finding.value = ratio;
  finding.threshold = limit_of(limits, severity);
  finding.text = fmt::format(
      "Gradient norms span a factor of {:.1e}, from {:.1e} ({}) to {:.1e} ({}){}.", ratio,
      range->smallest->norm, range->smallest->name, range->largest->norm, range->largest->name,
      zero_count > 0 ? fmt::format("; {0} that {1} exactly zero {1} left out", zero_count,
                                   plural(zero_count, "is", "are"))
                     : "");
  finding.advice = {"Initialise every layer by its fan-in, or add normalisation layers",
                    "Use an optimizer that scales each parameter's step, such as Adam"};
  finding.verdict = Verdict::kUnstable;
  return {finding};
}

}  // namespace gradvitals
