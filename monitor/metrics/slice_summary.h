// SliceSummary: units of a kernel with zero, equal or dominating gradients.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/slice_stats.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// The rows of a kernel or of its gradient, or its columns.
struct SliceSummary {
  std::int64_t count = 0;
  std::int64_t zero_count = 0;  ///< Slices whose elements are all 0.
  /// The slice with the most of the finite elements' squares, and its share of them. -1 and 0 where
  /// there are no squares, or where they leave float64's range.
  std::int64_t top_index = -1;
  double top_share = 0.0;
  /// Twins: slices that equal another one element by element. Only finite slices with two nonzero
  /// elements or more count: with fewer, equality may be chance.
  std::int64_t twin_count = 0;
  std::int64_t largest_twin_group = 0;
  std::int64_t first_twin = -1;  ///< The first two of the largest group; -1 without twins.
  std::int64_t second_twin = -1;

  bool operator==(const SliceSummary&) const = default;
};

/// Of the records of all rows, or of all columns. Equal fingerprints stand for equal slices.
SliceSummary summary_of(std::span<const SliceRecord> slices);

/// Of one matrix: along its unit_axis, and along the other dimension.
struct KernelSlices {
  std::size_t view = 0;  ///< Its place among the views.
  SliceSummary units;
  SliceSummary inputs;
};

/// One for each view that has slices, in their order: a weight or gradient with data, two dimensions
/// and elements or more, and a known unit_axis. `workspace` grows as needed.
std::vector<KernelSlices> kernel_slices(Stream& stream, std::span<const TensorView> views,
                                        Buffer& workspace);

}  // namespace gradvitals
