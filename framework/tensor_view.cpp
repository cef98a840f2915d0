#include "framework/tensor_view.h"

namespace gradvitals {

TensorView view_of(std::string_view name, Role role, const Tensor& tensor, int layer,
                   Activation activation) {
  // Whatever comes before the last dimension counts as rows; a vector is one row.
  const auto dims = tensor.shape().dims();
  const std::int64_t cols = dims.empty() ? 1 : dims.back();
  return {.name = name,
          .role = role,
          .layer = layer,
          .data = tensor.data(),
          .count = tensor.count(),
          .rows = cols == 0 ? 0 : tensor.count() / cols,
          .cols = cols,
          .rank = tensor.shape().rank(),
          .unit_axis = tensor.shape().rank() >= 2 ? UnitAxis::kCols : UnitAxis::kUnknown,
          .dtype = tensor.dtype(),
          .device = tensor.device(),
          .activation = activation};
}

}  // namespace gradvitals
