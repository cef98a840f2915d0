// Computes:    the record of one chunk
// Shapes:      count <= TensorStatsLayout::kChunkElements elements
// DTypes:      float32, float64, float16, bfloat16; sums float64 from the first square
// Launch:      called by one warp, or by all warps of a block together: the first of them has the
//              result
// Traffic:     reads each element once (tensor_stats_sums.cuh) -> bound by memory
// Determinism: the order of additions is the chunk's own: the same bits for every grid and every
//              alignment
// Edge cases:  the maximum tells whether a chunk has NaN or Inf, the minimum whether it has
//              subnormals, both whether squares leave float64's range; only then does the first
//              warp read it again, element by element
// Errors:      none
// Reference:   cpu/tensor_stats_chunk.cpp
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/stats/cuda/stored.cuh"
#include "kernels/stats/cuda/tensor_stats_record.cuh"
#include "kernels/stats/cuda/tensor_stats_sums.cuh"
#include "kernels/stats/partial_stats.h"
#include "kernels/stats/stored.h"

namespace gradvitals::GPU_NAMESPACE {

/// Calls `use` with the elements as a pointer of their type.
template <class Use>
__device__ __forceinline__ auto with_type(const void* elements, DType dtype, Use use) {
  switch (dtype) {
    case DType::kFloat64:
      return use(static_cast<const double*>(elements));
    case DType::kFloat16:
      return use(static_cast<const Float16*>(elements));
    case DType::kBFloat16:
      return use(static_cast<const BFloat16*>(elements));
    case DType::kFloat32:
      break;
  }
  return use(static_cast<const float*>(elements));
}

/// One element, whatever its type.
struct Element {
  double value;
  bool is_infinity;
  bool is_nan;
  bool is_subnormal;
};

__device__ __forceinline__ Element read_element(const ChunkSource& chunk, int i) {
  return with_type(chunk.data, chunk.dtype, [i]<class T>(const T* elements) -> Element {
    const RegisterBits<T> bits = bits_of(elements[i]);
    const RegisterBits<T> magnitude = bits & Stored<T>::kMagnitude;
    return {.value = Convert<T>::to_double(bits),
            .is_infinity = magnitude == Stored<T>::kInfinity,
            .is_nan = magnitude > Stored<T>::kInfinity,
            .is_subnormal = magnitude != 0 && magnitude < Stored<T>::kMinNormal};
  });
}

/// sum and sum_squares of the finite x * 2^-scale_exponent, with the exponent of the largest |x|.
__device__ __forceinline__ void sum_scaled(const double* data, int count, int lane,
                                           TensorStats& record) {
  const int exponent = ilogb(record.max_abs);
  double sum_squares = 0.0;
  double sum = 0.0;
  for (int i = lane; i < count; i += kWarpThreads) {
    if (!(fabs(data[i]) <= record.max_abs)) continue;
    const double x = scale_by_power_of_two(data[i], -exponent);
    sum_squares = fma(x, x, sum_squares);
    sum += x;
  }
  record.scale_exponent = exponent;
  record.sum_squares = warp_sum(sum_squares);
  record.sum = warp_sum(sum);
}

/// Element by element, for a chunk that has more than zeros and normal numbers of common size.
__device__ __forceinline__ TensorStats classify_chunk(const ChunkSource& chunk, int lane) {
  TensorStats mine = empty_part();
#pragma unroll 1
  for (int i = lane; i < chunk.count; i += kWarpThreads) {
    const Element element = read_element(chunk, i);
    mine.count += 1;
    if (element.is_infinity || element.is_nan) {
      (element.is_nan ? mine.nan_count : mine.inf_count) += 1;
      if (mine.first_nonfinite_index < 0) mine.first_nonfinite_index = i;
      continue;
    }
    const double x = element.value;
    mine.sum_squares = fma(x, x, mine.sum_squares);
    mine.sum += x;
    mine.max_abs = fmax(mine.max_abs, fabs(x));
    if (x == 0.0) {
      mine.zero_count += 1;
    } else {
      mine.min_abs_nonzero = fmin(mine.min_abs_nonzero, fabs(x));
      if (element.is_subnormal) mine.subnormal_count += 1;
    }
  }
  mine = sum_over_warp(mine);
  if (chunk.dtype == DType::kFloat64 && !squares_in_range(mine.max_abs)) {
    sum_scaled(static_cast<const double*>(chunk.data), chunk.count, lane, mine);
  }
  return mine;
}

/// The extremes of a chunk as values.
struct CommonRecord {
  double max_abs;
  double min_abs_nonzero;
  bool is_common;  ///< Zeros, and normal numbers whose squares float64 holds.
};

template <class T>
__device__ __forceinline__ CommonRecord common_record(const ChunkExtremes& extremes) {
  const auto max = static_cast<RegisterBits<T>>(extremes.max);
  const auto min =
      static_cast<RegisterBits<T>>(extremes.min_less_one + 1);  // 0 where all are zeros.
  const double max_abs = Convert<T>::to_double(max);
  bool is_common = max < Stored<T>::kInfinity && (min == 0 || min >= Stored<T>::kMinNormal);
  if constexpr (std::is_same_v<T, double>) is_common = is_common && squares_in_range(max_abs);
  return {.max_abs = max_abs,
          .min_abs_nonzero = min == 0 ? static_cast<double>(HUGE_VALF) : Convert<T>::to_double(min),
          .is_common = is_common};
}

/// The record of a chunk that kWarps warps read, in every lane of warp 0; first_nonfinite_index
/// counts from the chunk's start.
template <int kWarps>
__device__ __forceinline__ TensorStats chunk_record(const ChunkSource& chunk, int warp, int lane,
                                                    TeamMemory* memory) {
  CommonRecord common;
  const ChunkSums sums = with_type(chunk.data, chunk.dtype, [&]<class T>(const T* elements) {
    const ChunkSums of_type = sum_chunk<kWarps>(elements, chunk.count, warp, lane, memory);
    common = common_record<T>(of_type.extremes);
    return of_type;
  });
  TensorStats record = empty_part();
  if (warp != 0) return record;
  if (!common.is_common) return classify_chunk(chunk, lane);
  record.count = chunk.count;
  record.sum_squares = warp_sum(sums.mine.sum_squares);
  record.sum = warp_sum(sums.mine.sum);
  record.max_abs = common.max_abs;
  record.min_abs_nonzero = common.min_abs_nonzero;
  record.zero_count = chunk.count - static_cast<std::int64_t>(sums.extremes.nonzero_count);
  return record;
}

}  // namespace gradvitals::GPU_NAMESPACE
