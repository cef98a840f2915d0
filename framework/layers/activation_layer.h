// ActivationLayer: an activation by itself, behind a layer that has none or that is normalised first.
//
// Forward:  y = activation(x), element by element; x and y of any shape
// Backward: dx = dy * activation'(x)
// Saved:    x and y.
// Init:     none.
//
// No layer to the monitor: it has no kernel, and its units are not looked at. Dead and saturated units
// are found where the activation is the Dense layer's own.
#pragma once

#include <vector>

#include "framework/layers/layer.h"

namespace gradvitals {

///     Dense(128), LayerNorm(), ActivationLayer(Activation::kRelu)
///
/// Keras' Activation.
class ActivationLayer final : public Layer {
 public:
  /// Throws std::invalid_argument for Activation::kNone.
  explicit ActivationLayer(Activation activation);

  std::string_view kind() const override { return "activation"; }
  /// The same shape. Takes any.
  Shape output_shape(const Shape& input) const override { return input; }
  Activation activation() const override { return activation_; }
  Tensor forward(Tape& tape, const Tensor& x) const override;
  std::vector<Parameter*> parameters() override { return {}; }
  int depth() const override { return 0; }

 protected:
  void make_parameters(const LayerContext& /*context*/) override {}

 private:
  Activation activation_;
};

}  // namespace gradvitals
