// Computes:    the sum of records: of chunks, and of groups of them
// Shapes:      one record per thread of a warp, or any number in memory
// DTypes:      float64, int64
// Launch:      called by all 32 threads of a warp together
// Traffic:     88 bytes per record
// Determinism: lane l adds records l, l + 32, ...; then a butterfly: the same order for every grid
// Edge cases:  records at different scales are added at the larger one; none of them give
//              the empty one
// Errors:      none
// Reference:   cpu/tensor_stats.cpp
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "kernels/cuda/gpu.h"
#include "kernels/cuda/warp_reduce.cuh"
#include "kernels/tensor_stats.h"

namespace gradvitals::GPU_NAMESPACE {

/// A TensorStats with two differences while it is a part of a tensor: `sum`, too, is of
/// x * 2^-scale_exponent, so that parts can be added without overflow.
__device__ __forceinline__ TensorStats empty_record() {
  return {.count = 0,
          .sum_squares = 0.0,
          .scale_exponent = 0,
          .sum = 0.0,
          .max_abs = 0.0,
          .min_abs_nonzero = static_cast<double>(HUGE_VALF),
          .zero_count = 0,
          .subnormal_count = 0,
          .nan_count = 0,
          .inf_count = 0,
          .first_nonfinite_index = -1};
}

/// Brings the sums to a larger exponent.
__device__ __forceinline__ void rescale(TensorStats& record, std::int32_t exponent) {
  const int shift = record.scale_exponent - exponent;
  record.sum_squares = ldexp(record.sum_squares, 2 * shift);
  record.sum = ldexp(record.sum, shift);
  record.scale_exponent = exponent;
}

/// a + b, where the order of the two does not show in the bits.
__device__ __forceinline__ TensorStats combine(TensorStats a, TensorStats b) {
  // A part of zeros has no scale of its own.
  if (a.max_abs == 0.0) a.scale_exponent = b.scale_exponent;
  if (b.max_abs == 0.0) b.scale_exponent = a.scale_exponent;
  if (a.scale_exponent < b.scale_exponent) rescale(a, b.scale_exponent);
  if (b.scale_exponent < a.scale_exponent) rescale(b, a.scale_exponent);
  const bool b_is_first =
      b.first_nonfinite_index >= 0 &&
      (a.first_nonfinite_index < 0 || b.first_nonfinite_index < a.first_nonfinite_index);
  a.count += b.count;
  a.sum_squares += b.sum_squares;
  a.sum += b.sum;
  a.max_abs = fmax(a.max_abs, b.max_abs);
  a.min_abs_nonzero = fmin(a.min_abs_nonzero, b.min_abs_nonzero);
  a.zero_count += b.zero_count;
  a.subnormal_count += b.subnormal_count;
  a.nan_count += b.nan_count;
  a.inf_count += b.inf_count;
  if (b_is_first) a.first_nonfinite_index = b.first_nonfinite_index;
  return a;
}

__device__ __forceinline__ TensorStats shuffled(const TensorStats& record, int distance) {
  const auto from = [distance](auto value) { return __shfl_xor_sync(kWholeWarp, value, distance); };
  return {.count = from(record.count),
          .sum_squares = from(record.sum_squares),
          .scale_exponent = from(record.scale_exponent),
          .sum = from(record.sum),
          .max_abs = from(record.max_abs),
          .min_abs_nonzero = from(record.min_abs_nonzero),
          .zero_count = from(record.zero_count),
          .subnormal_count = from(record.subnormal_count),
          .nan_count = from(record.nan_count),
          .inf_count = from(record.inf_count),
          .first_nonfinite_index = from(record.first_nonfinite_index)};
}

/// The sum of `count` records in memory, in every lane.
__device__ __forceinline__ TensorStats fold(const TensorStats* records, std::int64_t count,
                                            int lane) {
  TensorStats total = empty_record();
  for (std::int64_t i = lane; i < count; i += kWarpThreads) total = combine(total, records[i]);
#pragma unroll 1
  for (int distance = kWarpThreads / 2; distance > 0; distance /= 2) {
    total = combine(total, shuffled(total, distance));
  }
  return total;
}

/// From the scaled sums of parts to the record's contract: `sum` as it is, and no exponent where
/// the squares' sum is a normal float64 without.
__device__ __forceinline__ TensorStats unscaled(TensorStats record) {
  if (record.scale_exponent == 0) return record;
  record.sum = ldexp(record.sum, record.scale_exponent);
  const double sum_squares = ldexp(record.sum_squares, 2 * record.scale_exponent);
  if (sum_squares >= DBL_MIN && sum_squares <= DBL_MAX) {
    record.sum_squares = sum_squares;
    record.scale_exponent = 0;
  }
  return record;
}

}  // namespace gradvitals::GPU_NAMESPACE
