// FileModel: a model read from a file, ready to run.
#pragma once

#include <optional>
#include <vector>

#include "framework/io/model_file.h"
#include "framework/parameter.h"
#include "framework/tape.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// A chain of dense layers whose parameters carry the names that they have in the file. A kernel
/// read from a `layers.{i}.weight` is held as (in,out), so an index into its gradient counts in
/// that order. Moving the model leaves its parameters where they are.
class FileModel {
 public:
  FileModel(Stream& stream, const ModelFile& file);

  /// (B,I) -> (B,O). Throws std::invalid_argument where x does not fit.
  Tensor forward(Tape& tape, const Tensor& x) const;
  /// The file's loss of forward()'s result, a scalar.
  Tensor loss(Tape& tape, const Tensor& y, const Tensor& target) const;

  /// Input side first, kernel before bias.
  std::vector<Parameter*> trainable_variables();
  /// The weights, for the monitor. Valid while the model lives.
  std::vector<TensorView> views() const;

 private:
  struct Layer {
    Parameter kernel;
    std::optional<Parameter> bias;
    Activation activation;
  };

  std::vector<Layer> layers_;
  LossKind loss_;
};

}  // namespace gradvitals
