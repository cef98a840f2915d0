#include "kernels/activation.h"

#include <algorithm>
#include <array>
#include <string>

#include "kernels/backend.h"
#include "kernels/stream.h"
#include "kernels/validate.h"

namespace gradvitals {
namespace {

using validate::memory;

/// In the order of the enumerators.
constexpr std::array<std::string_view, 7> kNames = {"none", "linear",     "sigmoid", "relu",
                                                    "tanh", "leaky_relu", "gelu"};

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

std::string_view name(Activation activation) {
  return kNames.at(static_cast<std::size_t>(activation));
}

std::optional<Activation> parse_activation(std::string_view text) {
  const auto found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Activation>(found - kNames.begin());
}

bool derivative_needs_pre_activation(Activation activation) {
  return activation == Activation::kGelu;
}

template <class T>
void activation_forward(Stream& stream, const ActivationForward<T>& op) {
  check(op);
  stream.backend()->activation_forward(op);
}

template <class T>
void activation_backward(Stream& stream, const ActivationBackward<T>& op) {
  check(op);
  stream.backend()->activation_backward(op);
}

template void activation_forward(Stream&, const ActivationForward<float>&);
template void activation_forward(Stream&, const ActivationForward<double>&);
template void activation_backward(Stream&, const ActivationBackward<float>&);
template void activation_backward(Stream&, const ActivationBackward<double>&);

}  // namespace gradvitals
