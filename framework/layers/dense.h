// Dense: the fully connected layer.
//
// Forward:  z = x W + b (b on every row);  y = activation(z)
//           x (B,I), W (I,O), b (O), z and y (B,O)
// Backward: delta = dy * activation'(z) (B,O)
//           dW = x^T delta (I,O);  db = column sums of delta (O);  dx = delta W^T (B,I)
//           dx is left out where nothing upstream is trained, as at the first layer.
// Saved:    x and y; z where the activation's derivative or the monitor reads it.
// Init:     W Glorot uniform (Glorot and Bengio 2010), b zero: Keras' defaults. Or ready parameters.
#pragma once

#include <optional>

#include "framework/initializers.h"
#include "framework/layers/layer.h"

namespace gradvitals {

/// activation(x W + b), with `units` outputs.
class Dense final : public Layer {
 public:
  struct Options {
    Initializer kernel_initializer = GlorotUniform{};
    Initializer bias_initializer = Zeros{};
    bool use_bias = true;
  };

  /// Throws std::invalid_argument for units < 1 and for Activation::kNone.
  explicit Dense(std::int64_t units, Activation activation = Activation::kLinear)
      : Dense(units, activation, Options{}) {}
  Dense(std::int64_t units, Activation activation, Options options);
  /// Of ready parameters, which keep their names and values: `kernel` is (I,units), `bias` (units).
  /// The layer then takes I inputs only. Throws std::invalid_argument naming both shapes where they
  /// do not fit; build() does where a parameter is not of the model's dtype or device.
  Dense(Parameter kernel, std::optional<Parameter> bias, Activation activation);

  std::string_view kind() const override { return "dense"; }
  Shape output_shape(const Shape& input) const override;
  Activation activation() const override { return activation_; }
  Tensor forward(Tape& tape, const Tensor& x) const override;
  std::vector<Parameter*> parameters() override;

 protected:
  void make_parameters(const LayerContext& context) override;

 private:
  void adopt_parameters(const LayerContext& context);

  std::int64_t units_;
  Activation activation_;
  Options options_;
  Parameter kernel_;  ///< Without value until it is built, unless it was ready.
  std::optional<Parameter> bias_;
};

}  // namespace gradvitals
