// R2 and R3: how signals grow or shrink from layer to layer.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "monitor/rules/advice.h"
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

std::vector<std::string> advice_for_shrinking(const HealthMetrics& metrics) {
  const std::string_view squashing = squashing_activation(metrics);
  std::vector<std::string> advice;
  if (!squashing.empty()) {
    advice.push_back(advice_against(squashing));
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
  std::vector<Finding> findings =
      check_gain(evidence.vital_signs.oxygen.forward_gain, rule, evidence.metrics);
  // Training moves activations apart without harm: where gradients are known to pass well, a
  // forward gain within the critical limits is worth a word, and no more.
  const std::optional<double> backward = evidence.vital_signs.oxygen.backward_gain;
  for (Finding& finding : findings) {
    const bool passes = backward && *backward >= evidence.thresholds.backward_gain_low.warning &&
                        *backward <= evidence.thresholds.backward_gain_high.warning;
    if (passes && finding.severity == Severity::kWarning) finding.severity = Severity::kInfo;
  }
  return findings;
}

}  // namespace gradvitals
