// A tensor of any number of dimensions as the matrix that the C interface takes.
#pragma once

#include <cstdint>

#include "bindings/c/gradvitals.h"
#include "python/src/tensor_address.h"

namespace gradvitals::python {

/// Whether the elements lie one behind the other and the last dimension varies fastest.
bool is_row_major(const TensorAddress& address);

/// The same in whatever order of dimensions.
bool is_dense(const TensorAddress& address);

/// Fills count, rank, rows, cols, channels and unit_axis. `unit_axis` (gradvitals_unit_axis) says
/// whether the first or the last dimension counts the units. The matrix is as the elements lie: a
/// transposed (out,in) kernel has its units in columns. Where units lie in neither, the axis is
/// unknown.
void set_matrix(const TensorAddress& address, std::int32_t unit_axis, gradvitals_tensor& tensor);

/// The same of (B,O) values of a layer, which are in row-major order.
void set_units(const TensorAddress& address, gradvitals_tensor& tensor);

}  // namespace gradvitals::python
