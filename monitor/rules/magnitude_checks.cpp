// R4, R6, R8 and R9: gradients that are too small, too large or too far apart.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "monitor/metrics/phrases.h"
#include "monitor/rules/advice.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

using GradientNorms = std::vector<const GradientNorm*>;

/// About the smallest of `vanished`, which are one or more.
Finding vanished_gradients(const GradientNorms& vanished, const Evidence& evidence) {
  const Thresholds& thresholds = evidence.thresholds;
  const GradientNorm& smallest = **std::ranges::min_element(
      vanished, {}, [](const GradientNorm* gradient) { return gradient->norm; });
  // A large tensor can pass the limit on its norm with elements that are all tiny.
  const bool by_norm = smallest.norm < thresholds.vanished_norm;
  const double value = by_norm ? smallest.norm : *smallest.rms;
  Finding finding = finding_about(smallest, Severity::kCritical, value,
                                  by_norm ? thresholds.vanished_norm : thresholds.vanished_rms,
                                  Verdict::kVanishing);
  const std::int64_t count = std::ssize(vanished);
  finding.text =
      smallest.is_total
          ? fmt::format("The {} has vanished: it is {:.1e}.", total_norm_phrase(smallest.name),
                        value)
          : fmt::format(
                "{} of {} gradients {} vanished; the smallest is that of {}, with {} {:.1e}.",
                count, evidence.gradients.size(), plural(count, "has", "have"), smallest.name,
                by_norm ? "norm" : "rms", value);
  const std::string_view squashing = squashing_activation(evidence.metrics);
  finding.advice = {
      squashing.empty() ? "Check the initial scale of the weights" : advice_against(squashing),
      "Check the scale of the loss: a mean over many elements makes gradients small",
      "Where the loss is as low as it can be, training is done"};
  return finding;
}

Finding idle_biases(const GradientNorms& biases, const Thresholds& thresholds) {
  const GradientNorm& smallest = **std::ranges::min_element(
      biases, {}, [](const GradientNorm* gradient) { return gradient->norm; });
  Finding finding = finding_about(smallest, Severity::kInfo, smallest.norm,
                                  thresholds.vanished_norm, Verdict::kVanishing);
  // Beside the gradient of its kernel any norm may be next to nothing.
  if (!has_vanished(smallest, thresholds)) finding.threshold.reset();
  const std::int64_t count = std::ssize(biases);
  finding.text = fmt::format(
      "{} {} next to no gradient beside {} kernel's; the smallest is that of {}, with norm {:.1e}.",
      count, plural(count, "bias has", "biases have"), plural(count, "its", "each one's"),
      smallest.name, smallest.norm);
  finding.advice = {
      "Expected before a normalisation layer and for attention keys: the bias can be left out"};
  return finding;
}

}  // namespace

std::vector<Finding> check_vanished_gradients(const Evidence& evidence) {
  GradientNorms vanished, biases;
  for (const GradientNorm& gradient : evidence.gradients) {
    if (gradient.is_idle_bias) {
      biases.push_back(&gradient);
    } else if (gradient.norm != 0.0 && has_vanished(gradient, evidence.thresholds)) {
      vanished.push_back(&gradient);  // What is exactly zero did not shrink: R13.
    }
  }
  std::vector<Finding> findings;
  if (!vanished.empty()) findings.push_back(vanished_gradients(vanished, evidence));
  if (!biases.empty()) findings.push_back(idle_biases(biases, evidence.thresholds));
  return findings;
}

std::vector<Finding> check_complete_failure(const Evidence& evidence) {
  if (evidence.gradients.empty()) return {};
  const GradientNorm& largest =
      *std::ranges::max_element(evidence.gradients, {}, &GradientNorm::norm);
  const double limit = evidence.thresholds.complete_failure_norm;
  const bool all_known = std::ranges::all_of(evidence.gradients, &GradientNorm::is_whole);
  // All exactly zero: R13 knows what cuts gradients off.
  if (!all_known || !(largest.norm < limit) || largest.norm == 0.0) return {};
  Finding finding =
      finding_about(largest, Severity::kCritical, largest.norm, limit, Verdict::kVanishing);
  finding.text = largest.is_total
                     ? fmt::format("The {} is {:.1e}, below {:.0e}: nothing will be learnt.",
                                   total_norm_phrase(largest.name), largest.norm, limit)
                     : fmt::format(
                           "Every gradient norm is below {:.0e}; the largest, that of {}, is "
                           "{:.1e}: nothing will be learnt.",
                           limit, largest.name, largest.norm);
  finding.advice = {"Check that the loss depends on the network's output",
                    "Check for a saturated head, weights of zero and a loss that is scaled down",
                    "Where the loss is as low as it can be, training is done"};
  return {finding};
}

namespace {

/// What R8 judges of a gradient, and by which limits: against its weight where that is known, else
/// per element, else the bare norm.
struct Measure {
  std::optional<double> (*value)(const GradientNorm&);
  Limits Thresholds::*limits;
  std::string_view what;
};

constexpr std::array kMeasures{
    Measure{[](const GradientNorm& g) { return g.to_weight; }, &Thresholds::gradient_to_weight,
            "times the rms of their weights"},
    Measure{[](const GradientNorm& g) { return g.is_kernel ? g.rms : std::nullopt; },
            &Thresholds::large_rms, "rms"},
    Measure{[](const GradientNorm& g) { return g.rms; }, &Thresholds::large_rms, "rms"},
    Measure{[](const GradientNorm& g) { return std::optional(g.norm); }, &Thresholds::large_norm,
            "norm"}};

/// The first measure that any gradient has.
const Measure& measure_for(const std::vector<GradientNorm>& gradients) {
  return *std::ranges::find_if(kMeasures, [&](const Measure& measure) {
    return std::ranges::any_of(gradients,
                               [&](const GradientNorm& g) { return measure.value(g).has_value(); });
  });
}

}  // namespace

std::vector<Finding> check_large_gradients(const Evidence& evidence) {
  // A layer behind a vanishing signal has small weights' worth of gradient, and the head all the
  // rest: its ratio says nothing then.
  if (evidence.gradients.empty() || signal_vanishes(evidence)) return {};
  const Measure& measure = measure_for(evidence.gradients);
  const auto value_of = [&](const GradientNorm& g) { return measure.value(g).value_or(0.0); };
  const GradientNorm& largest = *std::ranges::max_element(evidence.gradients, {}, value_of);
  const Limits limits = evidence.thresholds.*measure.limits;
  const double value = value_of(largest);
  const Severity severity = severity_above(value, limits);
  if (severity == Severity::kOk) return {};
  const double limit = limit_of(limits, severity);
  const auto count = std::ranges::count_if(
      evidence.gradients, [&](const GradientNorm& g) { return value_of(g) > limit; });
  Finding finding = finding_about(largest, severity, value, limit, Verdict::kExploding);
  finding.text =
      largest.is_total
          ? fmt::format("The {} is {:.1e}, above {:g}.", total_norm_phrase(largest.name), value,
                        limit)
          : fmt::format("{} of {} gradients {} above {:g} {}; the largest, that of {}, is {:.1e}.",
                        count, evidence.gradients.size(), plural(count, "is", "are"), limit,
                        measure.what, largest.name, value);
  finding.advice = {"Clip gradients by their global norm (1 is a common limit)",
                    "Reduce the learning rate",
                    "Normalise inputs and targets, and check the initial scale of the weights"};
  return {finding};
}

std::vector<Finding> check_norm_range(const Evidence& evidence) {
  const auto range = nonzero_norm_range(evidence.gradients);
  if (!range) return {};
  const double limit = evidence.thresholds.range_ratio;
  const double ratio = range->ratio();
  if (!(ratio > limit)) return {};
  const auto zero_count = std::ranges::count(evidence.gradients, 0.0, &GradientNorm::norm);
  Finding finding;  // About the network: neither end of the range is at fault alone.
  finding.severity = Severity::kInfo;
  finding.value = ratio;
  finding.threshold = limit;
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
