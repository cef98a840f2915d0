// R14 and R15: the norm of all gradients, and the loss, beside those of the steps before.
#include <fmt/format.h>

#include <cmath>

#include "monitor/metrics/phrases.h"
#include "monitor/trajectory/trajectory_rule.h"

namespace gradvitals {
namespace {

/// Of the norm, as a multiple of the median before.
double norm_multiple(const TrajectoryEvidence& evidence, const Deviation& deviation) {
  return evidence.step.global_norm / std::pow(10.0, deviation.median);
}

Finding drift_finding(const TrajectoryEvidence& evidence, double sum) {
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.verdict = Verdict::kUnstable;
  finding.value = sum;
  finding.threshold = evidence.thresholds.drift_limit;
  return finding;
}

}  // namespace

std::vector<Finding> check_norm_spike(const TrajectoryEvidence& evidence) {
  if (!evidence.memory.is_spike(evidence.step)) return {};
  const Deviation deviation = *evidence.memory.norm_deviation(evidence.step);
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.verdict = Verdict::kUnstable;
  finding.value = deviation.score;
  finding.threshold = evidence.thresholds.spike_deviations;
  finding.text = fmt::format(
      "The norm of all gradients jumps to {:.2g}, {} the median of the {} steps before.",
      evidence.step.global_norm, times(norm_multiple(evidence, deviation)),
      evidence.memory.norms().count());
  finding.advice = {"Look at the batch of this step: an input or a target without scale",
                    "Clip gradients by their norm, or skip such steps",
                    "Where it lasts, lower the learning rate"};
  return {finding};
}

std::vector<Finding> check_norm_collapse(const TrajectoryEvidence& evidence) {
  if (!evidence.memory.has_collapsed(evidence.step)) return {};
  const Deviation deviation = *evidence.memory.norm_deviation(evidence.step);
  const double part = norm_multiple(evidence, deviation);
  const bool converged = evidence.memory.loss_has_collapsed(evidence.step);
  Finding finding;
  finding.severity = converged ? Severity::kInfo : Severity::kWarning;
  finding.verdict = Verdict::kVanishing;
  finding.value = part;
  finding.threshold = evidence.thresholds.norm_collapse;
  finding.text = fmt::format(
      "The norm of all gradients has fallen to {:.2g}, {:.1e} of the median of the {} steps "
      "before{}.",
      evidence.step.global_norm, part, evidence.memory.norms().count(),
      converged ? ", as the loss has: training has converged" : "");
  if (!converged) {
    finding.advice = {"Look for what changed at this step: a loss scale, a mask, a detached layer",
                      "Look for units that died or saturated at this step"};
  }
  return {finding};
}

std::vector<Finding> check_drift(const TrajectoryEvidence& evidence) {
  const TrajectoryMemory& memory = evidence.memory;
  const double limit = evidence.thresholds.drift_limit;
  std::vector<Finding> findings;
  if (memory.loss_drift() > limit) {
    Finding& finding = findings.emplace_back(drift_finding(evidence, memory.loss_drift()));
    finding.text = fmt::format(
        "The loss rises slowly: it has lain above the median of the last {} steps for too long.",
        evidence.thresholds.norm_window);
    finding.advice = {"Lower the learning rate, or look at what the schedule makes of it",
                      "Check that data and labels have not changed"};
  }
  // Alone, gradients may grow while the network learns to use its layers.
  const std::optional<double> improvement = memory.loss_improvement();
  const bool learns = improvement && *improvement >= evidence.thresholds.stall_improvement;
  if (memory.norm_drift() > limit && !learns && !memory.has_converged(evidence.step)) {
    Finding& finding = findings.emplace_back(drift_finding(evidence, memory.norm_drift()));
    finding.text = fmt::format(
        "The norm of all gradients grows slowly while the loss does not fall: it has lain above "
        "the median of the last {} steps for too long.",
        evidence.thresholds.norm_window);
    finding.advice = {"Check that gradients are set to zero before each step",
                      "Lower the learning rate, or clip gradients by their norm"};
  }
  return findings;
}

}  // namespace gradvitals
