#include "framework/layers/activation_layer.h"

#include <stdexcept>

#include "framework/ops.h"

namespace gradvitals {

ActivationLayer::ActivationLayer(Activation activation) : activation_(activation) {
  if (activation == Activation::kNone) {
    throw std::invalid_argument(
        "ActivationLayer: activation 'none' is unknown; use linear for none at all");
  }
}

Tensor ActivationLayer::forward(Tape& tape, const Tensor& x) const {
  return activate(tape, x, activation_);
}

}  // namespace gradvitals
