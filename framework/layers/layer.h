// Layer: a part of a Sequential model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/parameter.h"
#include "framework/tape.h"
#include "framework/tensor.h"

namespace gradvitals {

/// Where a layer is built.
struct LayerContext {
  Stream& stream;
  std::string_view model;    ///< The model's name: it keeps random numbers of two models apart.
  std::string_view name;     ///< The layer's: "dense_1".
  std::int64_t input_width;  ///< I of the layer's input (B,I)
  std::uint64_t seed;
  DType dtype;
};

class Layer {
 public:
  virtual ~Layer() = default;

  /// What layers of this kind are called, before numbering: "dense".
  virtual std::string_view kind() const = 0;
  /// Makes the parameters. Called once, by the model.
  virtual void build(const LayerContext& context) = 0;
  /// O of the output (B,O).
  virtual std::int64_t output_width() const = 0;
  virtual Activation activation() const = 0;
  /// (B,I) -> (B,O), recorded on the tape.
  virtual Tensor forward(Tape& tape, const Tensor& x) const = 0;
  /// In the order in which they are listed, kernel before bias; the layer owns them.
  virtual std::vector<Parameter*> parameters() = 0;
};

}  // namespace gradvitals
