// Parameter: a named tensor that training changes.
#pragma once

#include <cstdint>
#include <string_view>

#include "framework/tensor.h"
#include "kernels/stats/name.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// A named tensor. Tapes, gradients and views point to it: it must stay where it is while they
/// live.
struct Parameter {
  Name name;  ///< As Keras names them: "dense/kernel", "dense_1/bias".
  Tensor value;
  bool trainable = true;
  Name model{};  ///< Of the model it belongs to, if any: models repeat each other's names.

  /// Ops take a parameter wherever they take a tensor.
  operator const Tensor&() const { return value; }

  std::string_view scope() const { return scope_of(name); }
};

}  // namespace gradvitals
