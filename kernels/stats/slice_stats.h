// slice_stats: every row and every column of a matrix by itself, for check-ups.
#pragma once

#include <cstdint>

#include "kernels/runtime/matrix_view.h"
#include "kernels/stats/view.h"

namespace gradvitals {

class Stream;

/// One row or one column.
struct SliceRecord {
  double sum_squares =
      0.0;  ///< Of the finite elements. Squares of float64 may overflow, or vanish.
  std::int64_t nonzero_count = 0;  ///< Finite elements other than 0.
  /// Hash of all elements and their positions. Equal for slices that are equal element by element
  /// (NaN equals NaN, -0 equals +0), and the same on every device. Other slices collide with
  /// probability 2^-64.
  std::uint64_t fingerprint = 0;
  std::int64_t nonfinite_count = 0;

  bool operator==(const SliceRecord&) const = default;
};

/// Records of the R rows and the C columns of a view. sum_squares is added in float64 in an order
/// that the shape alone decides, to a relative accuracy of 1e-12.
struct SliceStats {
  TensorView view;               ///< (R,C), of any dtype
  VectorView<SliceRecord> rows;  ///< (R)
  VectorView<SliceRecord> cols;  ///< (C)
};

/// Throws std::invalid_argument naming the view, its shape and what does not fit.
void slice_stats(Stream& stream, const SliceStats& op);

}  // namespace gradvitals
