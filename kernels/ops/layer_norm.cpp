#include "kernels/ops/layer_norm.h"

#include <cmath>
#include <string>
#include <string_view>

#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

using validate::memory;

constexpr std::string_view kForward = "layer_norm_forward";
constexpr std::string_view kBackward = "layer_norm_backward";

template <class View>
void check_length(std::string_view name, std::string_view argument, const View& view,
                  std::int64_t count, const validate::Shape& x) {
  validate::readable(name, argument, view);
  if (view.count != count) validate::shape_mismatch(name, validate::shape(argument, view), x);
}

template <class Op>
void check_inputs(std::string_view name, const Op& op) {
  validate::readable(name, "x", op.x);
  const validate::Shape x = validate::shape("x", op.x);
  if (op.x.cols == 0) validate::fail(name, validate::text(x) + " has no columns to normalise over");
  check_length(name, "gamma", op.gamma, op.x.cols, x);
  check_length(name, "mean", op.mean, op.x.rows, x);
  check_length(name, "rstd", op.rstd, op.x.rows, x);
}

template <class T>
void check(const LayerNormForward<T>& op) {
  check_inputs(kForward, op);
  check_length(kForward, "beta", op.beta, op.x.cols, validate::shape("x", op.x));
  validate::fits(kForward, "y", op.y, "x", op.x);
  if (!(op.epsilon > 0.0 && std::isfinite(op.epsilon))) {
    validate::fail(kForward,
                   "epsilon is " + std::to_string(op.epsilon) + ", not positive and finite");
  }
  validate::outputs_disjoint(
      kForward, {memory("y", op.y), memory("mean", op.mean), memory("rstd", op.rstd)},
      {memory("x", op.x), memory("gamma", op.gamma), memory("beta", op.beta)});
}

template <class T>
void check(const LayerNormBackward<T>& op) {
  check_inputs(kBackward, op);
  const validate::Shape x = validate::shape("x", op.x);
  validate::fits(kBackward, "dy", op.dy, "x", op.x);
  if (op.dx.data != nullptr) validate::fits(kBackward, "dx", op.dx, "x", op.x);
  if (op.dgamma.data != nullptr) check_length(kBackward, "dgamma", op.dgamma, op.x.cols, x);
  if (op.dbeta.data != nullptr) check_length(kBackward, "dbeta", op.dbeta, op.x.cols, x);
  validate::outputs_disjoint(
      kBackward, {memory("dx", op.dx), memory("dgamma", op.dgamma), memory("dbeta", op.dbeta)},
      {memory("x", op.x), memory("gamma", op.gamma), memory("mean", op.mean),
       memory("rstd", op.rstd), memory("dy", op.dy)});
}

}  // namespace

template <class T>
void layer_norm_forward(Stream& stream, const LayerNormForward<T>& op) {
  check(op);
  run_kernel(stream, kForward, op);
}

template <class T>
void layer_norm_backward(Stream& stream, const LayerNormBackward<T>& op) {
  check(op);
  run_kernel(stream, kBackward, op);
}

template void layer_norm_forward(Stream&, const LayerNormForward<float>&);
template void layer_norm_forward(Stream&, const LayerNormForward<double>&);
template void layer_norm_backward(Stream&, const LayerNormBackward<float>&);
template void layer_norm_backward(Stream&, const LayerNormBackward<double>&);

}  // namespace gradvitals
