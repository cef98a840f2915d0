#include "kernels/ops/activation.h"

#include <string>

#include "kernels/ops/validate_activation.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

using validate::memory;

constexpr std::string_view kForward = "activation_forward";
constexpr std::string_view kBackward = "activation_backward";

template <class T>
void check(const ActivationForward<T>& op) {
  validate::known(kForward, op.activation);
  validate::readable(kForward, "z", op.z);
  validate::fits(kForward, "y", op.y, "z", op.z);
  validate::in_place_or_disjoint(kForward, memory("y", op.y), memory("z", op.z));
}

template <class T>
void check(const ActivationBackward<T>& op) {
  validate::known(kBackward, op.activation);
  validate::readable(kBackward, "y", op.y);
  if (op.z.data != nullptr) {
    validate::fits(kBackward, "z", op.z, "y", op.y);
  } else if (derivative_needs_pre_activation(op.activation) && op.y.count > 0) {
    validate::fail(kBackward, "the derivative of activation " + std::string(name(op.activation)) +
                                  " needs z, which is null");
  }
  validate::fits(kBackward, "dy", op.dy, "y", op.y);
  validate::fits(kBackward, "dz", op.dz, "y", op.y);
  validate::in_place_or_disjoint(kBackward, memory("dz", op.dz), memory("z", op.z));
  validate::in_place_or_disjoint(kBackward, memory("dz", op.dz), memory("y", op.y));
  validate::in_place_or_disjoint(kBackward, memory("dz", op.dz), memory("dy", op.dy));
}

}  // namespace

bool derivative_needs_pre_activation(Activation activation) {
  return properties(activation).needs_pre_activation;
}

template <class T>
void activation_forward(Stream& stream, const ActivationForward<T>& op) {
  check(op);
  run_kernel(stream, "activation_forward", op);
}

template <class T>
void activation_backward(Stream& stream, const ActivationBackward<T>& op) {
  check(op);
  run_kernel(stream, "activation_backward", op);
}

template void activation_forward(Stream&, const ActivationForward<float>&);
template void activation_forward(Stream&, const ActivationForward<double>&);
template void activation_backward(Stream&, const ActivationBackward<float>&);
template void activation_backward(Stream&, const ActivationBackward<double>&);

}  // namespace gradvitals
