#include "kernels/ops/dense.h"

#include "kernels/ops/validate_activation.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

using validate::memory;
using validate::shape;

constexpr std::string_view kForward = "dense_forward";
constexpr std::string_view kBackward = "dense_backward";

/// A null view is an argument left out; one that is there has the shape of `expected`.
template <class View>
void optional_argument(std::string_view op, std::string_view argument, const View& view,
                       const validate::Shape& expected) {
  if (view.data == nullptr) return;
  validate::readable(op, argument, view);
  validate::same_shape(op, shape(argument, view), expected);
}

template <class T>
void check(const DenseForward<T>& op) {
  validate::known(kForward, op.activation);
  validate::readable(kForward, "x", op.x);
  validate::readable(kForward, "w", op.w);
  if (op.x.cols != op.w.rows)
    validate::shape_mismatch(kForward, shape("x", op.x), shape("w", op.w));
  if (op.b.data != nullptr && op.b.count != op.w.cols) {
    validate::shape_mismatch(kForward, shape("b", op.b), shape("w", op.w));
  }
  validate::readable(kForward, "y", op.y);
  if (op.y.rows != op.x.rows)
    validate::shape_mismatch(kForward, shape("y", op.y), shape("x", op.x));
  if (op.y.cols != op.w.cols)
    validate::shape_mismatch(kForward, shape("y", op.y), shape("w", op.w));
  optional_argument(kForward, "z", op.z, shape("y", op.y));
  validate::outputs_disjoint(kForward, {memory("y", op.y), memory("z", op.z)},
                             {memory("x", op.x), memory("w", op.w), memory("b", op.b)});
}

template <class T>
void check_memory(const DenseBackward<T>& op) {
  const auto x = memory("x", op.x), w = memory("w", op.w), z = memory("z", op.z);
  const auto y = memory("y", op.y), dy = memory("dy", op.dy), delta = memory("delta", op.delta);
  const auto dx = memory("dx", op.dx), dw = memory("dw", op.dw), db = memory("db", op.db);
  validate::outputs_disjoint(kBackward, {delta, dx, dw, db}, {x, w, z, y});
  validate::outputs_disjoint(kBackward, {dx, dw, db}, {dy});
  if (op.delta.data != op.dy.data) validate::disjoint(kBackward, delta, dy);
}

template <class T>
void check(const DenseBackward<T>& op) {
  validate::known(kBackward, op.activation);
  validate::readable(kBackward, "x", op.x);
  validate::readable(kBackward, "w", op.w);
  if (op.x.cols != op.w.rows)
    validate::shape_mismatch(kBackward, shape("x", op.x), shape("w", op.w));
  validate::readable(kBackward, "y", op.y);
  if (op.y.rows != op.x.rows)
    validate::shape_mismatch(kBackward, shape("y", op.y), shape("x", op.x));
  if (op.y.cols != op.w.cols)
    validate::shape_mismatch(kBackward, shape("y", op.y), shape("w", op.w));
  if (derivative_needs_pre_activation(op.activation) && op.z.data == nullptr && op.y.count() > 0) {
    validate::fail(kBackward, "the derivative of activation " + std::string(name(op.activation)) +
                                  " needs z, which is null");
  }
  const auto output = shape("y", op.y);
  optional_argument(kBackward, "z", op.z, output);
  validate::readable(kBackward, "dy", op.dy);
  validate::same_shape(kBackward, shape("dy", op.dy), output);
  validate::readable(kBackward, "delta", op.delta);
  validate::same_shape(kBackward, shape("delta", op.delta), output);
  optional_argument(kBackward, "dx", op.dx, shape("x", op.x));
  optional_argument(kBackward, "dw", op.dw, shape("w", op.w));
  if (op.db.data != nullptr && op.db.count != op.w.cols) {
    validate::shape_mismatch(kBackward, shape("db", op.db), shape("w", op.w));
  }
  check_memory(op);
}

}  // namespace

template <class T>
void dense_forward(Stream& stream, const DenseForward<T>& op) {
  check(op);
  run_kernel(stream, "dense_forward", op);
}

template <class T>
void dense_backward(Stream& stream, const DenseBackward<T>& op) {
  check(op);
  run_kernel(stream, "dense_backward", op);
}

template void dense_forward(Stream&, const DenseForward<float>&);
template void dense_forward(Stream&, const DenseForward<double>&);
template void dense_backward(Stream&, const DenseBackward<float>&);
template void dense_backward(Stream&, const DenseBackward<double>&);

}  // namespace gradvitals
