// The partition of tensor_dots, the same on every device. Private to kernels/stats.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "kernels/runtime/host_device.h"
#include "kernels/stats/tensor_dots.h"

namespace gradvitals {

/// Elements of a chunk: that of tensor_stats, two of them fit a first cache of 64 KB.
inline constexpr std::int64_t kDotsChunk = 8192;

constexpr std::int64_t dots_chunks_of(std::int64_t count) {
  return (count + kDotsChunk - 1) / kDotsChunk;
}

/// The record of sums, in which what is not finite is NaN.
GRADVITALS_HOST_DEVICE TensorDots settled(TensorDots sums) {
  const auto nan = static_cast<double>(NAN);
  if (!(sums.x_sum_squares <= DBL_MAX)) sums.x_sum_squares = nan;
  if (!(sums.y_sum_squares <= DBL_MAX)) sums.y_sum_squares = nan;
  if (!(sums.x_sum_squares <= DBL_MAX && sums.y_sum_squares <= DBL_MAX)) sums.dot = nan;
  return sums;
}

}  // namespace gradvitals
