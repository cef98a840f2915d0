#include "framework/tensor_view.h"

#include <utility>

namespace gradvitals {

TensorView view_of(Name name, Role role, const Tensor& tensor, int layer, Activation activation) {
  // All dimensions but the last are rows; a vector is one row.
  const auto dims = tensor.shape().dims();
  const std::int64_t cols = dims.empty() ? 1 : dims.back();
  const bool has_units = dims.size() >= 2;
  return {.name = std::move(name),
          .role = role,
          .layer = layer,
          .data = tensor.data(),
          .count = tensor.count(),
          .rows = cols == 0 ? 0 : tensor.count() / cols,
          .cols = cols,
          .rank = tensor.shape().rank(),
          .unit_axis = has_units ? UnitAxis::kCols : UnitAxis::kUnknown,
          .channels = has_units ? dims[dims.size() - 2] : 0,
          .dtype = tensor.dtype(),
          .device = tensor.device(),
          .activation = activation};
}

}  // namespace gradvitals
