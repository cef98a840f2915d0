#include "kernels/ops/optimizer.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals {
namespace {

using validate::memory;

/// Throws "<op>: <setting> <value> is not <condition>". NaN meets no condition.
void require(std::string_view op, bool met, std::string_view setting, double value,
             std::string_view condition) {
  if (!met) validate::fail(op, fmt::format("{} {} is not {}", setting, value, condition));
}

/// The setting is used as a T: what overflows there is as bad as an infinity.
template <class T>
void require_finite(std::string_view op, std::string_view setting, double value) {
  require(op, std::isfinite(static_cast<T>(value)), setting, value, "finite");
}

void require_decay(std::string_view op, std::string_view setting, double value) {
  require(op, value >= 0.0 && value < 1.0, setting, value, "in [0, 1)");
}

validate::Memory record_memory(const UpdateGuard& guard) {
  return {"guard.gradients", guard.gradients, sizeof(TensorStats)};
}

validate::Memory control_memory(const UpdateGuard& guard) {
  return {"guard.control", guard.control, sizeof(UpdateControl)};
}

/// Positive, and with a record to compare it with. NaN, too, is no limit.
void check_limit(std::string_view op, const UpdateGuard& guard, std::string_view setting,
                 double limit) {
  require(op, limit > 0, setting, limit, "positive");
  if (std::isfinite(limit) && guard.gradients == nullptr) {
    validate::fail(op, fmt::format("{} is given, but guard.gradients is null", setting));
  }
}

void check_guard(std::string_view op, const UpdateGuard& guard) {
  check_limit(op, guard, "guard.max_norm", guard.max_norm);
  check_limit(op, guard, "guard.skip_above_norm", guard.skip_above_norm);
  if (guard.control != nullptr && guard.gradients == nullptr) {
    validate::fail(op,
                   "guard.control is given, but guard.gradients, which its limits need, is null");
  }
}

template <class Op>
void check_tensors(std::string_view name, const Op& op) {
  validate::readable(name, "weight", op.weight);
  validate::fits(name, "gradient", op.gradient, "weight", op.weight);
  const auto& sum = op.update_sum_squares;
  if (sum.data != nullptr && sum.count != 1) {
    validate::shape_mismatch(name, validate::shape("update_sum_squares", sum),
                             {"a scalar", 1, 1, true});
  }
  check_guard(name, op.guard);
}

template <class T>
void check(const SgdUpdate<T>& op) {
  constexpr std::string_view kOp = "sgd_update";
  check_tensors(kOp, op);
  require_finite<T>(kOp, "learning_rate", op.learning_rate);
  validate::outputs_disjoint(
      kOp, {memory("weight", op.weight), memory("update_sum_squares", op.update_sum_squares)},
      {memory("gradient", op.gradient), record_memory(op.guard), control_memory(op.guard)});
}

template <class T>
void check(const MomentumUpdate<T>& op) {
  constexpr std::string_view kOp = "momentum_update";
  check_tensors(kOp, op);
  validate::fits(kOp, "velocity", op.velocity, "weight", op.weight);
  require_finite<T>(kOp, "learning_rate", op.learning_rate);
  require_decay(kOp, "momentum", op.momentum);
  validate::outputs_disjoint(
      kOp,
      {memory("weight", op.weight), memory("velocity", op.velocity),
       memory("update_sum_squares", op.update_sum_squares)},
      {memory("gradient", op.gradient), record_memory(op.guard), control_memory(op.guard)});
}

template <class T>
void check(const AdamUpdate<T>& op) {
  constexpr std::string_view kOp = "adam_update";
  check_tensors(kOp, op);
  validate::fits(kOp, "first_moment", op.first_moment, "weight", op.weight);
  validate::fits(kOp, "second_moment", op.second_moment, "weight", op.weight);
  validate::fits(kOp, "steps", op.steps, "a scalar", VectorView<std::int64_t>{nullptr, 1});
  require_finite<T>(kOp, "learning_rate", op.learning_rate);
  require_decay(kOp, "beta1", op.beta1);
  require_decay(kOp, "beta2", op.beta2);
  // What the first step multiplies by, 1 / (1 - beta1), is the largest.
  require_finite<T>(kOp, "learning_rate / (1 - beta1)", op.learning_rate / (1.0 - op.beta1));
  // An epsilon that T rounds to 0 would make 0 / 0 of a weight without gradient.
  require(kOp, static_cast<T>(op.epsilon) > 0, "epsilon", op.epsilon, "positive");
  require_finite<T>(kOp, "epsilon", op.epsilon);
  require(kOp, op.weight_decay >= 0, "weight_decay", op.weight_decay, "0 or more");
  require_finite<T>(kOp, "learning_rate * weight_decay", op.learning_rate * op.weight_decay);
  validate::outputs_disjoint(
      kOp,
      {memory("weight", op.weight), memory("first_moment", op.first_moment),
       memory("second_moment", op.second_moment), memory("steps", op.steps),
       memory("update_sum_squares", op.update_sum_squares)},
      {memory("gradient", op.gradient), record_memory(op.guard), control_memory(op.guard)});
}

}  // namespace

template <class T>
void sgd_update(Stream& stream, const SgdUpdate<T>& op) {
  check(op);
  run_kernel(stream, "sgd_update", op);
}

template <class T>
void momentum_update(Stream& stream, const MomentumUpdate<T>& op) {
  check(op);
  run_kernel(stream, "momentum_update", op);
}

template <class T>
void adam_update(Stream& stream, const AdamUpdate<T>& op) {
  check(op);
  run_kernel(stream, "adam_update", op);
}

template void sgd_update(Stream&, const SgdUpdate<float>&);
template void sgd_update(Stream&, const SgdUpdate<double>&);
template void momentum_update(Stream&, const MomentumUpdate<float>&);
template void momentum_update(Stream&, const MomentumUpdate<double>&);
template void adam_update(Stream&, const AdamUpdate<float>&);
template void adam_update(Stream&, const AdamUpdate<double>&);

}  // namespace gradvitals
