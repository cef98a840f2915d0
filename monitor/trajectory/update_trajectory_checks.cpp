// R5, R12 and R18: gradients and updates that are too small or too large to train.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "monitor/metrics/phrases.h"
#include "monitor/trajectory/trajectory_rule.h"

namespace gradvitals {
namespace {

/// Gradients that would move a weight by this part of it at a learning rate of 1: an update that is
/// next to nothing is then the rate's doing and not theirs.
constexpr double kMovingGradient = 1e-3;

/// Of a Trainer's step the update is the one before it; of other loops it may be its own.
bool update_was_skipped(const TrajectoryEvidence& evidence) {
  return evidence.context.is_skipped || evidence.memory.last_step_was_skipped();
}

bool is_warmed_up(const TrajectoryEvidence& evidence) {
  return evidence.step.step >= evidence.thresholds.warmup_steps;
}

Finding about(const ParameterSignal& parameter, double value, double threshold, Verdict verdict) {
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.tensor = parameter.name;
  finding.layer = parameter.layer;
  finding.value = value;
  finding.threshold = threshold;
  finding.verdict = verdict;
  return finding;
}

/// A kernel whose update is known, and its size beside the weight.
struct Moved {
  const ParameterSignal* parameter;
  double ratio;
};

std::vector<Moved> moved_kernels(const StepSignals& step) {
  std::vector<Moved> moved;
  for (const ParameterSignal& parameter : step.parameters) {
    const std::optional<double> ratio = parameter.update_to_weight_ratio();
    if (parameter.is_kernel && ratio) moved.push_back({&parameter, *ratio});
  }
  return moved;
}

bool has_moving_gradient(const ParameterSignal& parameter) {
  return parameter.has_gradient && parameter.weight_norm &&
         parameter.gradient_norm > kMovingGradient * *parameter.weight_norm;
}

/// The kernel that a step moves furthest. Beside weights that were lost a moment ago any step is large: what
/// counts is what they used to be.
std::optional<Moved> fastest_kernel(const TrajectoryEvidence& evidence) {
  std::optional<Moved> fastest;
  for (std::size_t i = 0; i < evidence.step.parameters.size(); ++i) {
    const ParameterSignal& parameter = evidence.step.parameters[i];
    if (!parameter.is_kernel || !parameter.update_to_weight_ratio()) continue;
    const double usual = evidence.memory.usual_weight_norm(i).value_or(0.0);
    const double ratio = *parameter.update_norm / std::max(*parameter.weight_norm, usual);
    if (!fastest || ratio > fastest->ratio) fastest = Moved{&parameter, ratio};
  }
  return fastest;
}

Finding fast_update(const Moved& fastest, const TrajectoryEvidence& evidence) {
  Finding finding = about(*fastest.parameter, fastest.ratio, evidence.thresholds.update_ratio_high,
                          Verdict::kExploding);
  finding.text = fmt::format(
      "One step changes {} by {:.2g} of its norm, and the loss rises: steps are too large.",
      fastest.parameter->name, fastest.ratio);
  finding.advice = {"Lower the learning rate, or warm it up",
                    "Check the weights of this layer: next to nothing, any step is large"};
  return finding;
}

Finding slow_update(const Moved& slowest, const TrajectoryEvidence& evidence) {
  Finding finding = about(*slowest.parameter, slowest.ratio, evidence.thresholds.update_ratio_low,
                          Verdict::kStalled);
  finding.text = fmt::format(
      "One step changes {} by {:.1e} of its norm, though its gradient is {:.1e} of it, and the "
      "loss does not fall: steps are too small.",
      slowest.parameter->name, slowest.ratio,
      slowest.parameter->gradient_norm / *slowest.parameter->weight_norm);
  finding.advice = {"Raise the learning rate", "Look at what the schedule has made of the rate"};
  return finding;
}

}  // namespace

std::vector<Finding> check_update_ratio(const TrajectoryEvidence& evidence) {
  if (update_was_skipped(evidence) || !is_warmed_up(evidence)) return {};
  const std::vector<Moved> kernels = moved_kernels(evidence.step);
  if (kernels.empty()) return {};
  std::vector<Finding> findings;
  // A loss that has come down and rests may do so with large steps: noise keeps them up.
  const std::optional<Moved> fastest = fastest_kernel(evidence);
  if (fastest && fastest->ratio > evidence.thresholds.update_ratio_high &&
      evidence.memory.loss_has_risen(evidence.step)) {
    findings.push_back(fast_update(*fastest, evidence));
  }
  const Moved& slowest = *std::ranges::min_element(kernels, {}, &Moved::ratio);
  if (slowest.ratio < evidence.thresholds.update_ratio_low && evidence.memory.loss_stands_still() &&
      has_moving_gradient(*slowest.parameter) && !evidence.memory.has_converged(evidence.step) &&
      !evidence.memory.rate_has_decayed(evidence.context)) {
    findings.push_back(slow_update(slowest, evidence));
  }
  return findings;
}

std::vector<Finding> check_unchanged_weights(const TrajectoryEvidence& evidence) {
  if (update_was_skipped(evidence) || evidence.memory.rate_has_decayed(evidence.context)) return {};
  const auto is_unchanged = [&](const ParameterSignal& parameter) {
    const std::optional<double> ratio = parameter.update_to_weight_ratio();
    return ratio && *ratio < evidence.thresholds.unchanged_ratio && has_moving_gradient(parameter);
  };
  const auto& parameters = evidence.step.parameters;
  const auto first = std::ranges::find_if(parameters, is_unchanged);
  if (first == parameters.end()) return {};
  const std::int64_t count = std::ranges::count_if(parameters, is_unchanged);
  Finding finding = about(*first, *first->update_to_weight_ratio(),
                          evidence.thresholds.unchanged_ratio, Verdict::kStalled);
  finding.text = fmt::format(
      "{} of {} parameters {} not changed by steps, though {} a gradient{} {}.", count,
      parameters.size(), plural(count, "is", "are"), plural(count, "it has", "they have"),
      count > 1 ? "; the first is" : ":", first->name);
  finding.advice = {"Check that the optimizer holds these parameters, and not copies of them",
                    "Check the learning rate: steps below the weights' rounding change nothing"};
  return {finding};
}

std::vector<Finding> check_weak_gradients(const TrajectoryEvidence& evidence) {
  if (!is_warmed_up(evidence)) return {};
  std::int64_t weak = 0, all = 0;
  const ParameterSignal* weakest = nullptr;
  for (const ParameterSignal& parameter : evidence.step.parameters) {
    if (!parameter.has_gradient) continue;
    ++all;
    // What is exactly zero did not grow weak: R13.
    if (!(parameter.gradient_norm < evidence.thresholds.weak_norm) ||
        parameter.gradient_norm == 0.0)
      continue;
    ++weak;
    if (weakest == nullptr || parameter.gradient_norm < weakest->gradient_norm)
      weakest = &parameter;
  }
  if (weak == 0 || !(fraction(weak, all) > evidence.thresholds.weak_fraction)) return {};
  if (!evidence.memory.loss_stands_still() || evidence.memory.has_converged(evidence.step))
    return {};
  Finding finding =
      about(*weakest, fraction(weak, all), evidence.thresholds.weak_fraction, Verdict::kVanishing);
  finding.text = fmt::format(
      "{} of {} gradients have a norm below {:.0e}, and the loss does not fall; the smallest is "
      "that of {}, with {:.1e}.",
      weak, all, evidence.thresholds.weak_norm, weakest->name, weakest->gradient_norm);
  finding.advice = {"Check activations and the initial scale of the weights",
                    "Where the loss is as low as it can be, training is done"};
  return {finding};
}

}  // namespace gradvitals
