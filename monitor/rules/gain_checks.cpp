// R2 and R3: how signals grow or shrink from layer to layer.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "monitor/metrics/unit_records.h"
#include "monitor/rules/checks.h"

namespace gradvitals {
namespace {

struct GainRule {
  std::string_view label;      ///< "Backward gain"
  std::string_view signal;     ///< "gradients"
  std::string_view direction;  ///< "input"
  Limits low;
  Limits high;
};

/// The activation that squashes the hidden layers, where one does. The last layer is the head.
std::string_view squashing_activation(const HealthMetrics& metrics) {
  int head = -1;
  for (const TensorRecord& tensor : metrics.tensors) head = std::max(head, tensor.layer);
  for (const TensorRecord& tensor : metrics.tensors) {
    const bool is_hidden = tensor.layer >= 0 && tensor.layer < head;
    if (is_hidden && can_saturate(tensor.activation)) return name(tensor.activation);
  }
  return {};
}

std::vector<std::string> advice_for_shrinking(const HealthMetrics& metrics) {
  const std::string_view squashing = squashing_activation(metrics);
  std::vector<std::string> advice;
  if (!squashing.empty()) {
    advice.push_back(
        fmt::format("Replace {} in the hidden layers by relu, with He initialisation", squashing));
  } else {
    advice.emplace_back("Initialise by fan-in: He for relu, Glorot or LeCun for the others");
  }
  advice.emplace_back("Add normalisation layers or residual connections");
  advice.emplace_back("Use fewer layers where depth is not needed");
  return advice;
}

std::vector<std::string> advice_for_growing() {
  return {"Initialise with smaller weights: Glorot or He instead of a fixed standard deviation",
          "Clip gradients by their global norm until the scale is mended",
          "Add normalisation layers"};
}

Finding finding_for(double gain, Severity severity, const GainRule& rule,
                    const HealthMetrics& metrics) {
  const bool shrinks = gain < 1.0;
  Finding finding;
  finding.severity = severity;
  finding.value = gain;
  finding.threshold = limit_of(shrinks ? rule.low : rule.high, severity);
  finding.text = fmt::format("{} per hidden layer is {:.3g}: {} {} {} per layer towards the {}.",
                             rule.label, gain, rule.signal, shrinks ? "shrink" : "grow",
                             times(shrinks ? 1.0 / gain : gain), rule.direction);
  finding.advice = shrinks ? advice_for_shrinking(metrics) : advice_for_growing();
  finding.verdict = shrinks ? Verdict::kVanishing : Verdict::kExploding;
  return finding;
}

std::vector<Finding> check_gain(std::optional<double> gain, const GainRule& rule,
                                const HealthMetrics& metrics) {
  if (!gain) return {};
  const Severity severity =
      std::max(severity_below(*gain, rule.low), severity_above(*gain, rule.high));
  if (severity == Severity::kOk) return {};
  return {finding_for(*gain, severity, rule, metrics)};
}

}  // namespace

std::vector<Finding> check_backward_gain(const Evidence& evidence) {
  const GainRule rule{"Backward gain", "gradients", "input", evidence.thresholds.backward_gain_low,
                      evidence.thresholds.backward_gain_high};
  return check_gain(evidence.vital_signs.oxygen.backward_gain, rule, evidence.metrics);
}

std::vector<Finding> check_forward_gain(const Evidence& evidence) {
  const GainRule rule{"Forward gain", "activations", "output", evidence.thresholds.forward_gain_low,
                      evidence.thresholds.forward_gain_high};
  return check_gain(evidence.vital_signs.oxygen.forward_gain, rule, evidence.metrics);
}

}  // namespace gradvitals
