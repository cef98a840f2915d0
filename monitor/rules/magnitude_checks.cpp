// R4, R6, R8 and R9: gradients that are too small, too large or too far apart.
#include <fmt/format.h>

#include <algorithm>

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

bool has_vanished(const GradientReading& gradient, const Thresholds& thresholds) {
  return gradient.norm < thresholds.vanished_norm ||
         (gradient.rms && *gradient.rms < thresholds.vanished_rms);
}

}  // namespace

std::vector<Finding> check_vanished_gradients(const Evidence& evidence) {
  const Thresholds& thresholds = evidence.thresholds;
  const GradientReading* smallest = nullptr;
  int count = 0;
  for (const GradientReading& gradient : evidence.gradients) {
    if (!has_vanished(gradient, thresholds)) continue;
    ++count;
    if (!smallest || gradient.norm < smallest->norm) smallest = &gradient;
  }
  if (!smallest) return {};
  // A large tensor can pass the limit on its norm with elements that are all tiny.
  const bool by_norm = smallest->norm < thresholds.vanished_norm;
  const double value = by_norm ? smallest->norm : *smallest->rms;
  Finding finding = finding_about(*smallest, Severity::kCritical, value,
                                  by_norm ? thresholds.vanished_norm : thresholds.vanished_rms,
                                  Verdict::kVanishing);
  finding.text =
      fmt::format("{} of {} gradients {} vanished; the smallest is that of {}, with {} {:.1e}.",
                  count, evidence.gradients.size(), plural(count, "has", "have"), smallest->name,
                  by_norm ? "norm" : "rms", value);
  finding.advice = {"Use relu in the hidden layers, with He initialisation",
                    "Check the initial scale of the weights",
                    "Check the scale of the loss: a mean over many elements makes gradients small"};
  return {finding};
}

std::vector<Finding> check_complete_failure(const Evidence& evidence) {
  if (evidence.gradients.empty()) return {};
  const GradientReading& largest =
      *std::ranges::max_element(evidence.gradients, {}, &GradientReading::norm);
  const double limit = evidence.thresholds.complete_failure_norm;
  if (!(largest.norm < limit)) return {};
  Finding finding =
      finding_about(largest, Severity::kCritical, largest.norm, limit, Verdict::kVanishing);
  finding.text = fmt::format(
      "Every gradient norm is below {:.0e}; the largest, that of {}, is "
      "{:.1e}: nothing will be learnt.",
      limit, largest.name, largest.norm);
  finding.advice = {"Check that the loss depends on the network's output",
                    "Check for a saturated head and for a loss that is scaled down",
                    "Check that weights are not initialised with zeros"};
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
