// Residual: a block of layers with a skip connection. He, Zhang, Ren, Sun, "Deep residual learning
// for image recognition", CVPR 2016.
//
// Forward:  y = x + f(x), with f the layers in order; x and y of one shape
// Backward: dx = dy + (the gradient that comes back through f)
// Saved:    what f saves.
// Init:     as the layers of f.
#pragma once

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include "framework/layers/layer.h"

namespace gradvitals {

///     Residual(LayerNorm(), Dense(64, Activation::kRelu), Dense(64))
///
/// Its layers are named within it: "residual/dense", "residual/dense_1".
class Residual final : public Layer {
 public:
  template <std::derived_from<Layer> First, std::derived_from<Layer>... Rest>
  explicit Residual(First first, Rest... rest) {
    layers_.push_back(std::make_unique<First>(std::move(first)));
    (layers_.push_back(std::make_unique<Rest>(std::move(rest))), ...);
  }
  /// Of layers that are known at run time alone. Throws std::invalid_argument for none.
  explicit Residual(std::vector<std::unique_ptr<Layer>> layers);

  std::string_view kind() const override { return "residual"; }
  /// The same shape. Throws as its layers do, and where they give another shape than they take.
  Shape output_shape(const Shape& input) const override;
  /// Of the sum; its layers have their own.
  Activation activation() const override { return Activation::kLinear; }
  /// Its layers: "of layer_norm none, dense relu, dropout none rate 0.1".
  std::string settings() const override;
  Tensor forward(Tape& tape, const Tensor& x) const override;
  std::vector<Parameter*> parameters() override;
  std::vector<LayerCounter> counters() const override;
  /// The monitor counts the layers within.
  int depth() const override;
  void append_views(int layer, std::vector<TensorView>& views) override;

 protected:
  void make_parameters(const LayerContext& context) override;

 private:
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace gradvitals
