#include "monitor/report/rule_evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "monitor/metrics/phrases.h"

namespace gradvitals {
namespace {

constexpr char kNoGradient[] = "no gradient holds a finite value";
constexpr char kNoSlices[] = "the units of no kernel were counted";

bool is_update(Role role) {
  return role == Role::kUpdate || role == Role::kUpdateSquares;
}

std::string missing_units_of_relu(std::int64_t batch, std::int64_t needed) {
  if (batch == 0) return "no layer with relu was counted";
  if (batch >= needed) return {};
  return fmt::format("relu units were counted over {} samples, {} are needed", batch, needed);
}

std::string missing_flow(RuleId rule, const Oxygen& oxygen) {
  if (rule == RuleId::kForwardGain) {
    return oxygen.forward_gain ? "" : "the activations of three hidden layers are not known";
  }
  if (rule == RuleId::kBackwardFactor) {
    return oxygen.backward_factor || oxygen.block_factor
               ? ""
               : "neither deltas of two hidden layers nor four alike blocks are known";
  }
  if (oxygen.backward_factor) return "R2 judges the signal where it is known";
  return oxygen.relative_gradient_spread ? ""
                                         : "weights and gradients of two kernels are not known";
}

}  // namespace

void RuleEvidence::add_tensor(const TensorRecord& tensor, const HealthMetrics& metrics,
                              bool is_checkup) {
  has_update_ |= is_update(tensor.role);
  if (tensor.role == Role::kWeight) {
    has_weight_ = true;
    has_initial_weight_ |= is_checkup && metrics.step == 0 && tensor.rank == 2 &&
                           tensor.unit_axis != UnitAxis::kUnknown;
  }
  const bool is_kernel_of_checkup =
      is_checkup && tensor.role == Role::kGradient && tensor.rank >= 2 && tensor.stats.count > 0;
  if (!is_kernel_of_checkup) return;
  has_half_kernel_ |= size_in_bytes(tensor.dtype) == 2;
  has_slices_ |= tensor.units.has_value();
}

void RuleEvidence::add(const HealthMetrics& metrics, bool is_checkup) {
  ++steps_;
  if (can_be_judged(metrics)) ++judged_steps_;
  if (is_checkup) ++checkups_;
  if (metrics.loss && std::isfinite(*metrics.loss)) ++losses_;
  const auto is_finite = [](double norm) { return std::isfinite(norm); };
  const bool has_norms = !metrics.gradient_norms.empty();
  if (has_norms && std::ranges::all_of(metrics.gradient_norms, is_finite)) ++finite_steps_;
  if (is_checkup) {
    has_several_norms_ |= metrics.gradient_norms.size() > 1;
    has_finite_norm_ |= std::ranges::any_of(metrics.gradient_norms, is_finite);
  }
  for (const TensorRecord& tensor : metrics.tensors) add_tensor(tensor, metrics, is_checkup);
  if (!is_checkup) return;
  for (const LayerUnits& layer : metrics.units) {
    if (can_die(layer.activation)) relu_batch_ = std::max(relu_batch_, layer.batch);
    has_saturable_units_ |= can_saturate(layer.activation);
  }
}

std::string RuleEvidence::missing(RuleId rule, const VitalSigns& signs,
                                  const Thresholds& thresholds) const {
  if (checkups_ == 0) return "no step was looked at as a whole";
  switch (rule) {
    case RuleId::kUnderflow:
      return has_half_kernel_ ? "" : "no gradient of a kernel is of a 16-bit type";
    case RuleId::kScaledNorm:
      return has_several_norms_ ? "" : "a single gradient has no norm of all together";
    case RuleId::kTwinUnits:
    case RuleId::kZeroUnits:
      return has_slices_ ? "" : kNoSlices;
    case RuleId::kDeadUnits:
      return missing_units_of_relu(relu_batch_, thresholds.min_relu_batch);
    case RuleId::kSaturation:
      return has_saturable_units_ ? "" : "no layer with sigmoid or tanh was counted";
    case RuleId::kBackwardFactor:
    case RuleId::kForwardGain:
    case RuleId::kGradientSpread:
      return missing_flow(rule, signs.oxygen);
    case RuleId::kVanishedGradients:
    case RuleId::kCompleteFailure:
    case RuleId::kLargeGradients:
      return has_finite_norm_ ? "" : kNoGradient;
    case RuleId::kNormRange:
      return signs.blood_pressure.range_ratio ? "" : "no two gradients hold anything but zeros";
    default:
      return {};
  }
}

std::string RuleEvidence::too_few_steps(std::int64_t known, std::int64_t needed,
                                        const char* what) const {
  if (known >= needed) return {};
  return fmt::format("{} of {} are known, {} are needed", what, steps_text(known), needed);
}

std::string RuleEvidence::missing_over_time(RuleId rule, const Thresholds& thresholds) const {
  const std::int64_t window = thresholds.min_norm_window + 1;
  switch (rule) {
    case RuleId::kNormChange:
      return too_few_steps(finite_steps_, window, "norms");
    case RuleId::kDrift:
      return too_few_steps(std::max(finite_steps_, losses_), window, "norms and losses");
    case RuleId::kLossGrowth:
      return losses_ > 0 ? "" : "no loss is known";
    case RuleId::kLossNotDecreasing:
      return too_few_steps(losses_, 2 * thresholds.min_norm_window, "losses");
    case RuleId::kUpdateRatio:
    case RuleId::kUnchangedWeights:
      return has_weight_ && has_update_ ? "" : "weights and what updates change are not known";
    case RuleId::kWeakGradients:
      return too_few_steps(finite_steps_, thresholds.warmup_steps + 1, "gradients");
    case RuleId::kInitialVariance:
      return has_initial_weight_ ? "" : "no initial weights were looked at";
    default:
      return {};
  }
}

}  // namespace gradvitals
