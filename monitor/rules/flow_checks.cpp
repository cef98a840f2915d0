// R2, R3 and R19: how signals grow or shrink on their way through the layers.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "monitor/metrics/phrases.h"
#include "monitor/rules/advice.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

std::vector<std::string> advice_for_shrinking(const HealthMetrics& metrics, Severity severity) {
  const std::string_view squashing = squashing_activation(metrics);
  std::vector<std::string> advice;
  if (!squashing.empty()) {
    advice.push_back(advice_against(squashing));
  } else {
    advice.emplace_back("Initialise by fan-in: He for relu, Glorot or LeCun for the others");
  }
  advice.emplace_back("Add normalisation layers or residual connections");
  // Measured: beyond the critical limit Adam does not train it either.
  advice.emplace_back(severity == Severity::kCritical
                          ? "Use fewer layers"
                          : "Use fewer layers, or Adam, which scales each parameter's step");
  return advice;
}

std::vector<std::string> advice_for_growing() {
  return {"Initialise with smaller weights: Glorot or He instead of a fixed standard deviation",
          "Clip gradients by their global norm until the scale is mended",
          "Add normalisation layers"};
}

Finding finding_for(double value, double limit, Severity severity, const HealthMetrics& metrics) {
  const bool shrinks = value < 1.0;
  Finding finding;
  finding.severity = severity;
  finding.value = value;
  finding.threshold = limit;
  finding.advice = shrinks ? advice_for_shrinking(metrics, severity) : advice_for_growing();
  finding.verdict = shrinks ? Verdict::kVanishing : Verdict::kExploding;
  return finding;
}

/// "shrink 73.1x": how much, whichever way.
std::string change(double factor) {
  return fmt::format("{} {}", factor < 1.0 ? "shrink" : "grow",
                     times(factor < 1.0 ? 1.0 / factor : factor));
}

/// Measured: below the warning plain SGD does not reach the first layers; Adam, which scales each
/// parameter's step, still may, down to the critical limit.
std::string_view who_suffers(bool shrinks, Severity severity) {
  if (!shrinks) return "";
  return severity == Severity::kCritical ? "; neither SGD nor Adam is likely to train it"
                                         : "; SGD hardly reaches the first layers, Adam may";
}

struct Judged {
  Severity severity;
  double limit;
};

std::optional<Judged> judge(double factor, Limits floor, Limits ceiling) {
  const bool is_low = factor < floor.warning;
  const Severity severity =
      is_low ? severity_below(factor, floor) : severity_above(factor, ceiling);
  if (severity == Severity::kOk) return std::nullopt;
  return Judged{severity, limit_of(is_low ? floor : ceiling, severity)};
}

std::vector<Finding> check_backward_factor_of_layers(const Evidence& evidence) {
  const Oxygen& oxygen = evidence.vital_signs.oxygen;
  const double factor = *oxygen.backward_factor;
  const auto judged = judge(factor, backward_factor_floor(oxygen, evidence.thresholds),
                            backward_factor_ceiling(oxygen, evidence.thresholds));
  if (!judged) return {};
  Finding finding = finding_for(factor, judged->limit, judged->severity, evidence.metrics);
  finding.text = fmt::format(
      "Backward factor over {} hidden layers is {:.3g}: gradients {} on their way to the first, {} "
      "per layer{}.",
      oxygen.hidden_layers, factor, change(factor),
      times(factor < 1.0 ? 1.0 / *oxygen.factor_per_layer : *oxygen.factor_per_layer),
      who_suffers(factor < 1.0, judged->severity));
  return {finding};
}

std::vector<Finding> check_backward_factor_of_blocks(const Evidence& evidence) {
  const Oxygen& oxygen = evidence.vital_signs.oxygen;
  const double factor = *oxygen.block_factor;
  const auto judged = judge(factor, evidence.thresholds.backward_factor_low,
                            evidence.thresholds.backward_factor_high);
  if (!judged) return {};
  Finding finding = finding_for(factor, judged->limit, judged->severity, evidence.metrics);
  finding.text =
      fmt::format("Gradient norms of {} alike blocks {} from the last to the first{}.",
                  oxygen.blocks, change(factor), who_suffers(factor < 1.0, judged->severity));
  return {finding};
}

/// Oxygen has the status of the backward factor where that is known.
bool gradients_are_known_to_pass(const Oxygen& oxygen) {
  return oxygen.backward_factor && oxygen.status == VitalStatus::kNormal;
}

}  // namespace

std::vector<Finding> check_backward_factor(const Evidence& evidence) {
  const Oxygen& oxygen = evidence.vital_signs.oxygen;
  if (oxygen.backward_factor) return check_backward_factor_of_layers(evidence);
  if (oxygen.block_factor) return check_backward_factor_of_blocks(evidence);
  return {};
}

std::vector<Finding> check_forward_gain(const Evidence& evidence) {
  const Oxygen& oxygen = evidence.vital_signs.oxygen;
  const std::optional<double> gain = oxygen.forward_gain;
  if (!gain) return {};
  const auto judged =
      judge(*gain, evidence.thresholds.forward_gain_low, evidence.thresholds.forward_gain_high);
  if (!judged) return {};
  // Training moves activations apart without harm: if gradients are known to pass, a forward gain
  // out of range only informs.
  const Severity severity =
      gradients_are_known_to_pass(oxygen) ? Severity::kInfo : judged->severity;
  Finding finding = finding_for(*gain, judged->limit, severity, evidence.metrics);
  finding.text = fmt::format(
      "Forward gain per hidden layer is {:.3g}: activations {} per layer towards the output.",
      *gain, change(*gain));
  return {finding};
}

std::vector<Finding> check_gradient_spread(const Evidence& evidence) {
  const Oxygen& oxygen = evidence.vital_signs.oxygen;
  // B is more reliable if it is known.
  if (!oxygen.relative_gradient_spread || oxygen.backward_factor) return {};
  const double spread = *oxygen.relative_gradient_spread;
  const Severity severity = severity_below(spread, evidence.thresholds.gradient_spread);
  if (severity == Severity::kOk) return {};
  Finding finding = finding_for(spread, limit_of(evidence.thresholds.gradient_spread, severity),
                                severity, evidence.metrics);
  finding.text = fmt::format(
      "Relative to their weights, the kernels' gradients lie {} apart: the slowest layer moves "
      "that "
      "much less per step than the fastest.",
      times(1.0 / spread));
  return {finding};
}

bool signal_vanishes(const Evidence& evidence) {
  const auto vanishes = [](const Finding& finding) {
    return finding.verdict == Verdict::kVanishing && finding.severity >= Severity::kWarning;
  };
  return std::ranges::any_of(check_backward_factor(evidence), vanishes) ||
         std::ranges::any_of(check_gradient_spread(evidence), vanishes);
}

}  // namespace gradvitals
