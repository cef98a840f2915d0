// Layer: a part of a model. dense.h is an example.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/parameter.h"
#include "framework/tape.h"
#include "framework/tensor.h"
#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

/// What build() needs from the model.
struct LayerContext {
  Stream& stream;
  std::string_view model;  ///< The model's name: it keeps random numbers of two models apart.
  std::string_view name;   ///< The layer's: "dense_1".
  Shape input_shape;       ///< Of one sample, as everywhere here: (I,) for an input (B,I).
  std::uint64_t seed;
  DType dtype;
};

/// A number that a layer keeps on the device besides its parameters: how many masks Dropout has made.
struct LayerCounter {
  std::string name;                 ///< The layer's and its own: "dropout_1/counter".
  VectorView<std::uint64_t> value;  ///< (1), on the device. Valid while the layer lives.
};

class Layer {
 public:
  virtual ~Layer() = default;

  /// The name of layers of this kind, before numbering: "dense".
  virtual std::string_view kind() const = 0;
  /// Takes its name and makes the parameters. Called once, by the model. Throws
  /// std::invalid_argument where output_shape() does.
  void build(const LayerContext& context);
  /// kind() until it is built.
  std::string_view name() const { return name_.empty() ? kind() : name_; }
  /// The shape of an output sample for an input sample of this shape: (64,) for (10,). Throws
  /// std::invalid_argument naming layer and shape if the layer does not accept it.
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual Activation activation() const = 0;
  /// What else decides what it computes, beside shapes, activation and parameters: "rate 0.1". Empty
  /// where nothing does.
  virtual std::string settings() const { return {}; }
  /// (B, input shape) -> (B, output shape), recorded on the tape.
  virtual Tensor forward(Tape& tape, const Tensor& x) const = 0;
  /// In the order in which they are listed, kernel before bias; the layer owns them.
  virtual std::vector<Parameter*> parameters() = 0;
  /// What a checkpoint needs of it besides its parameters. None before build().
  virtual std::vector<LayerCounter> counters() const { return {}; }
  /// Number of layers that the monitor counts in it, along its depth (Tape::views()).
  virtual int depth() const { return 1; }
  /// Appends views of its weights, for the monitor. `layer` is the number of its first layer.
  virtual void append_views(int layer, std::vector<TensorView>& views);

 protected:
  virtual void make_parameters(const LayerContext& context) = 0;
  /// Throws: the layer `takes` another shape than this.
  [[noreturn]] void refuse_shape(const Shape& shape, std::string_view takes) const;

 private:
  std::string name_;
};

}  // namespace gradvitals
