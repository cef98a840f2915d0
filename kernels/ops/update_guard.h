// What optimizers on the host and on a GPU compute before an update, with the same bits: operations
// that IEEE 754 defines, and no library function.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/ops/optimizer.h"
#include "kernels/runtime/host_device.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals {

/// Adam's 1 - beta^step, by squaring. The power is off by 2 log2(step) roundings at the most,
/// 4e-15, which is 4e-12 of 1 - beta^step for a beta of 0.999.
GRADVITALS_HOST_DEVICE double bias_correction(double beta, std::int64_t step) {
  double power = 1.0;
  for (double base = beta; step > 0; step /= 2) {
    if (step % 2 != 0) power *= base;
    base *= base;
  }
  return 1.0 - power;
}

/// What all elements of an update have in common, in the type that it computes in.
template <class T>
struct StepConstants {
  T gradient_scale = 1;
  T rate = 0;          ///< Adam's learning_rate / (1 - beta1^step).
  T second_scale = 0;  ///< Adam's 1 / (1 - beta2^step).
  T decay = 0;         ///< Adam's learning_rate * weight_decay.
  bool is_skipped = false;
};

GRADVITALS_HOST_DEVICE UpdateControl control_of(const UpdateGuard& guard, double learning_rate) {
  if (guard.control != nullptr) return *guard.control;
  return {learning_rate, guard.max_norm, guard.skip_above_norm};
}

/// What a guard makes of the gradients of a step.
struct GuardOutcome {
  double clip_scale = 1.0;  ///< Of all gradients.
  bool is_skipped = false;
};

/// `gradients` is of all of them together. The host tells of a step what the device did by the same
/// function.
GRADVITALS_HOST_DEVICE GuardOutcome guard_outcome(const TensorStats& gradients,
                                                  const UpdateControl& control,
                                                  bool skips_nonfinite) {
  GuardOutcome outcome;
  const double norm = std::ldexp(std::sqrt(gradients.sum_squares), gradients.scale_exponent);
  if (norm > control.max_norm) outcome.clip_scale = control.max_norm / norm;
  const bool is_finite = gradients.nan_count + gradients.inf_count == 0;
  const bool has_limits = control.max_norm > 0 && control.skip_above_norm > 0;  // NaN is none.
  outcome.is_skipped =
      (skips_nonfinite && !is_finite) || !has_limits || norm > control.skip_above_norm;
  return outcome;
}

/// Scales or skips as the guard says, and skips where a rate is not finite: only a control has such.
template <class T>
GRADVITALS_HOST_DEVICE void apply_guard(const UpdateGuard& guard, const UpdateControl& control,
                                        StepConstants<T>& step) {
  step.is_skipped = !std::isfinite(step.rate) || !std::isfinite(step.decay);
  if (guard.gradients == nullptr) return;
  const GuardOutcome outcome = guard_outcome(*guard.gradients, control, guard.skips_nonfinite);
  step.gradient_scale = static_cast<T>(outcome.clip_scale);
  step.is_skipped = step.is_skipped || outcome.is_skipped;
}

/// Of sgd and momentum.
template <class Op>
GRADVITALS_HOST_DEVICE auto step_constants(const Op& op) {
  using T = std::remove_pointer_t<decltype(op.weight.data)>;
  const UpdateControl control = control_of(op.guard, op.learning_rate);
  StepConstants<T> step;
  step.rate = static_cast<T>(control.learning_rate);
  apply_guard(op.guard, control, step);
  return step;
}

template <class T>
GRADVITALS_HOST_DEVICE StepConstants<T> step_constants(const AdamUpdate<T>& op) {
  const UpdateControl control = control_of(op.guard, op.learning_rate);
  const std::int64_t number = op.steps.data[0] + 1;
  StepConstants<T> step;
  step.rate = static_cast<T>(control.learning_rate / bias_correction(op.beta1, number));
  step.second_scale = static_cast<T>(1.0 / bias_correction(op.beta2, number));
  step.decay = static_cast<T>(control.learning_rate * op.weight_decay);
  apply_guard(op.guard, control, step);
  return step;
}

}  // namespace gradvitals
