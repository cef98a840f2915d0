// LayerNorm: brings every sample to mean 0 and variance 1 over its last dimension C.
//
// Forward:  n = (x - mean) / sqrt(variance + epsilon), both over the last dimension, the variance
//           divided by C;  y = gamma n + beta (both on every row)
//           x and y (...,C), gamma and beta (C)
// Backward: g = dy gamma;  dx = (g - mean of g - n (mean of g n)) / sqrt(variance + epsilon)
//           dgamma = column sums of dy n;  dbeta = column sums of dy
// Saved:    x, and mean and 1 / sqrt(variance + epsilon) of each row in float64.
// Init:     gamma one, beta zero. epsilon 1e-5 is PyTorch's default; Keras has 1e-3.
//
// No layer to the monitor: it has no kernel and no activation.
#pragma once

#include <vector>

#include "framework/layers/layer.h"
#include "kernels/ops/layer_norm.h"

namespace gradvitals {

class LayerNorm final : public Layer {
 public:
  /// Throws std::invalid_argument for an epsilon that is not positive and finite.
  explicit LayerNorm(double epsilon = kLayerNormEpsilon);

  std::string_view kind() const override { return "layer_norm"; }
  /// The same shape. Takes any but a scalar.
  Shape output_shape(const Shape& input) const override;
  Activation activation() const override { return Activation::kNone; }
  Tensor forward(Tape& tape, const Tensor& x) const override;
  /// gamma before beta.
  std::vector<Parameter*> parameters() override { return {&gamma_, &beta_}; }
  int depth() const override { return 0; }

 protected:
  void make_parameters(const LayerContext& context) override;

 private:
  double epsilon_;
  Parameter gamma_;
  Parameter beta_;
};

}  // namespace gradvitals
