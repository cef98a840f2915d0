// Computes:    the sum of records: of chunks, and of nodes of a tree of them
// Shapes:      one record per thread of a warp
// DTypes:      float64, int64
// Launch:      called by all 32 threads of a warp together
// Traffic:     none: 21 shuffles a step
// Determinism: a butterfly: the same order for every grid
// Edge cases:  records at different scales are added at the larger one; none of them give
//              the empty one
// Errors:      none
// Reference:   cpu/tensor_stats.cpp
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/stats/tensor_stats.h"

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

/// 2^exponent, a normal number.
__device__ __forceinline__ double power_of_two(int exponent) {
  return __longlong_as_double(static_cast<long long>(exponent + 1023) << 52);
}

/// What sums are multiplied by, those of squares twice, to come to a larger exponent. What is less
/// than 2^-1000 of the other is nothing.
__device__ __forceinline__ double scale_to(std::int32_t exponent, std::int32_t from) {
  return from - exponent < -1000 ? 0.0 : power_of_two(from - exponent);
}

/// mine += other, where the order of the two does not show in the bits. `other` gives its members
/// one by one, so that registers hold one record and not two.
template <class Other>
__device__ __forceinline__ void add(TensorStats& mine, Other other) {
  const double max_abs = other(&TensorStats::max_abs);
  double sum_squares = other(&TensorStats::sum_squares);
  double sum = other(&TensorStats::sum);
  std::int32_t exponent = other(&TensorStats::scale_exponent);
  // A part of zeros has no scale of its own.
  if (max_abs == 0.0) exponent = mine.scale_exponent;
  if (mine.max_abs == 0.0) mine.scale_exponent = exponent;
  if (mine.scale_exponent != exponent) {
    const std::int32_t larger = max(mine.scale_exponent, exponent);
    const double my_scale = scale_to(larger, mine.scale_exponent);
    const double its_scale = scale_to(larger, exponent);
    mine.sum_squares *= my_scale * my_scale;
    mine.sum *= my_scale;
    mine.scale_exponent = larger;
    sum_squares *= its_scale * its_scale;
    sum *= its_scale;
  }
  mine.sum_squares += sum_squares;
  mine.sum += sum;
  mine.max_abs = fmax(mine.max_abs, max_abs);
  mine.min_abs_nonzero = fmin(mine.min_abs_nonzero, other(&TensorStats::min_abs_nonzero));
  mine.count += other(&TensorStats::count);
  mine.zero_count += other(&TensorStats::zero_count);
  mine.subnormal_count += other(&TensorStats::subnormal_count);
  mine.nan_count += other(&TensorStats::nan_count);
  mine.inf_count += other(&TensorStats::inf_count);
  // -1, which is none, becomes the largest.
  const auto first = static_cast<std::uint64_t>(other(&TensorStats::first_nonfinite_index));
  if (first < static_cast<std::uint64_t>(mine.first_nonfinite_index)) {
    mine.first_nonfinite_index = static_cast<std::int64_t>(first);
  }
}

/// The sum of the lanes' records, in every lane.
__device__ __forceinline__ TensorStats sum_over_warp(TensorStats mine) {
#pragma unroll 1
  for (int distance = kWarpThreads / 2; distance > 0; distance /= 2) {
    const TensorStats sent = mine;
    add(mine, [&](auto member) { return __shfl_xor_sync(kWholeWarp, sent.*member, distance); });
  }
  return mine;
}

/// From the scaled sums of parts to the record's contract: `sum` as it is, and no exponent where
/// the squares' sum is a normal float64 without.
__device__ __forceinline__ TensorStats unscaled(TensorStats record) {
  const int exponent = record.scale_exponent;
  if (exponent == 0) return record;
  // Two factors, because 2^1074 is none.
  const double half = power_of_two(exponent / 2);
  const double rest = power_of_two(exponent - exponent / 2);
  record.sum = record.sum * half * rest;
  const double sum_squares = record.sum_squares * half * half * rest * rest;
  if (sum_squares >= DBL_MIN && sum_squares <= DBL_MAX) {
    record.sum_squares = sum_squares;
    record.scale_exponent = 0;
  }
  return record;
}

}  // namespace gradvitals::GPU_NAMESPACE
