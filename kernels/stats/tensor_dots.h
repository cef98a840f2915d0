// tensor_dots: how alike pairs of tensors are: their dot products, and the squares that cosines need.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/runtime/dtype.h"
#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

/// Sums over the elements of a pair of tensors (x, y), in float64 from the first product on.
struct TensorDots {
  double dot = 0.0;  ///< sum x_i y_i
  double x_sum_squares = 0.0;
  double y_sum_squares = 0.0;

  TensorDots& operator+=(const TensorDots& other) {
    dot += other.dot;
    x_sum_squares += other.x_sum_squares;
    y_sum_squares += other.y_sum_squares;
    return *this;
  }
  bool operator==(const TensorDots&) const = default;
};

/// Two tensors of `count` elements on the device.
struct TensorPair {
  const void* x = nullptr;
  const void* y = nullptr;  ///< May be x.
  std::int64_t count = 0;
  DType dtype = DType::kFloat32;
};

/// Writes the record of each pair, in their order.
///
/// Accuracy: sums of squares 1e-12 relative and dot 1e-12 * sum |x_i y_i|, up to 2^34 elements. A sum of
/// squares is NaN where its tensor has a NaN or an infinity, and dot where either has; so it is where
/// squares of float64 leave float64's range. They may underflow to 0.
struct TensorDotsPass {
  std::span<const TensorPair> pairs;
  VectorView<TensorDots> out;        ///< (pairs), on the device
  VectorView<TensorDots> workspace;  ///< (tensor_dots_workspace(pairs)), on the device
};

/// Records of workspace: one for each 8192 elements of a pair, or part of them.
std::int64_t tensor_dots_workspace(std::span<const TensorPair> pairs);

/// Bitwise the same on every run of a device, for every thread count, CPU and GPU. Throws
/// std::invalid_argument naming the pair without data or not aligned, what has the wrong count, and
/// what shares memory with `out` or `workspace`.
void tensor_dots(Stream& stream, const TensorDotsPass& pass);

}  // namespace gradvitals
