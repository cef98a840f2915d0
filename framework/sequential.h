// Sequential: a model that is a chain of layers.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "framework/layers/layer.h"
#include "framework/parameter.h"
#include "framework/tape.h"
#include "kernels/stats/view.h"

namespace gradvitals {

struct SequentialOptions {
  std::string name;
  Shape input_shape{};  ///< Of one sample: {I} for an input (B,I).
  /// With the model's name it decides every initial value: models of different names share none.
  std::uint64_t seed = 0;
  DType dtype = DType::kFloat32;
};

/// A LayerCounter's number, on the host.
struct LayerCount {
  std::string name;  ///< "residual/dropout/counter".
  std::uint64_t value = 0;

  bool operator==(const LayerCount&) const = default;
};

///     Sequential model(stream, {.name = "Mlp", .input_shape = {10}, .seed = 42},
///                      Dense(64, Activation::kRelu), Dense(1, Activation::kSigmoid));
///
/// Layers are built as they are added and named as Keras names them: dense, dense_1, ... Moving the
/// model leaves its parameters where they are.
class Sequential {
 public:
  /// Throws std::invalid_argument for an input shape that is a scalar or has a dimension < 1.
  template <std::derived_from<Layer>... Layers>
  Sequential(Stream stream, SequentialOptions options, Layers... layers)
      : Sequential(stream, std::move(options), nullptr) {
    (add(std::move(layers)), ...);
  }

  /// Appends a layer and makes its parameters. Throws std::invalid_argument naming the layer and
  /// the shape of what comes before it, if it does not take that.
  template <std::derived_from<Layer> L>
  Sequential& add(L layer) {
    return add(std::make_unique<L>(std::move(layer)));
  }
  /// The same for a layer whose type is known at run time alone.
  Sequential& add(std::unique_ptr<Layer> layer) {
    append(std::move(layer));
    return *this;
  }

  /// (B, input shape) -> (B, output shape). Throws std::invalid_argument naming the layer's kernel
  /// and both shapes where x does not fit.
  Tensor forward(Tape& tape, const Tensor& x) const;

  /// Parameters in the order of the layers; trainable_variables() leaves out the frozen ones.
  std::vector<Parameter*> parameters() const;
  std::vector<Parameter*> trainable_variables() const;
  std::int64_t parameter_count() const;

  /// What the layers count, in their order: with it and the parameters a new model goes on as this one
  /// would, Dropout with the same masks. Waits for the stream, which is the one that forward() ran on.
  std::vector<LayerCount> layer_counts(Stream& stream) const;
  /// Sets all of them, given in any order. Throws std::invalid_argument naming the count that is missing,
  /// is there twice or belongs to no layer; none is set then.
  void set_layer_counts(Stream& stream, std::span<const LayerCount> counts);

  /// The weights, for the monitor. Valid while the model lives.
  std::vector<TensorView> views() const;

  const std::string& name() const { return options_.name; }
  /// Of one sample.
  Shape input_shape() const { return options_.input_shape; }
  /// Of one sample: the input's through all layers.
  Shape output_shape() const { return output_shape_; }
  /// A table of layers with activation, shapes, parameter counts and Layer::settings(), one line each.
  std::string summary() const;

 private:
  Sequential(Stream stream, SequentialOptions options, std::nullptr_t);
  void append(std::unique_ptr<Layer> layer);

  Stream stream_;
  SequentialOptions options_;
  std::vector<std::unique_ptr<Layer>> layers_;
  Shape output_shape_;
};

}  // namespace gradvitals
