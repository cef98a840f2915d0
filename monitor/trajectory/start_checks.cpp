// R22: the variance of initial weights beside what their activation asks for.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "monitor/trajectory/trajectory_rule.h"

namespace gradvitals {
namespace {

/// Variance of initial weights that keep a signal's size forward: He et al. 2015 for relu and its kin,
/// which cut half of it off; else LeCun et al. 1998.
double asked_variance(const TensorRecord& weight, Activation activation) {
  const bool keeps_all = activation == Activation::kLinear || can_saturate(activation);
  return (keeps_all ? 1.0 : 2.0) / static_cast<double>(weight.input_count());
}

/// Glorot and Bengio 2010, between forward and backward: far from the other where widths change.
double glorot_variance(const TensorRecord& weight) {
  return 2.0 / static_cast<double>(weight.input_count() + weight.unit_count());
}

std::map<std::string_view, Activation> activations_of_kernels(const HealthMetrics& metrics) {
  std::map<std::string_view, Activation> activations;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kGradient && tensor.rank == 2) {
      activations.emplace(tensor.name, tensor.activation);
    }
  }
  return activations;
}

}  // namespace

std::vector<Finding> check_initial_variance(const TrajectoryEvidence& evidence) {
  if (evidence.step.step != 0) return {};
  const auto activations = activations_of_kernels(evidence.metrics);
  const double limit = evidence.thresholds.initial_variance_factor;
  for (const TensorRecord& weight : evidence.metrics.tensors) {
    if (weight.role != Role::kWeight || weight.rank != 2 || weight.unit_axis == UnitAxis::kUnknown)
      continue;
    const auto activation = activations.find(weight.name);
    if (activation == activations.end() || activation->second == Activation::kNone) continue;
    const double rms = weight.stats.rms();
    const double asked = asked_variance(weight, activation->second);
    const double factor = rms * rms / asked;
    const double glorot = glorot_variance(weight) / asked;
    if (!(factor > limit * std::max(1.0, glorot)) && !(factor < std::min(1.0, glorot) / limit))
      continue;
    Finding finding;
    finding.severity = Severity::kInfo;
    finding.tensor = weight.name;
    finding.layer = weight.layer;
    finding.value = factor;
    finding.threshold = factor > 1.0 ? limit : 1.0 / limit;
    finding.verdict = factor > 1.0 ? Verdict::kExploding : Verdict::kVanishing;
    finding.text = fmt::format(
        "The initial weights of {} have {:.2g} times the variance that keeps a signal's size "
        "before "
        "{}.",
        weight.name, factor, name(activation->second));
    finding.advice = {"Initialise by He before relu, by Glorot or LeCun before others"};
    return {finding};
  }
  return {};
}

}  // namespace gradvitals
