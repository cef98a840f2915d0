// Parameter: a named tensor that training changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "framework/tensor.h"

namespace gradvitals {

/// A named tensor. Tapes, gradients and views point to it: it must stay where it is while they
/// live.
struct Parameter {
  std::string name;  ///< As Keras names them: "dense/kernel", "dense_1/bias".
  Tensor value;
  bool trainable = true;

  /// Ops take a parameter wherever they take a tensor.
  operator const Tensor&() const { return value; }

  /// The text before the last '/' or '.' of the name, or the whole name: "dense" in Keras' names,
  /// "layers.0" in PyTorch's.
  std::string_view scope() const {
    return std::string_view(name).substr(0, name.find_last_of("/."));
  }
};

}  // namespace gradvitals
