// Computes:    the record of one chunk, read by one warp
// Shapes:      count <= TensorStatsTable::kChunkElements elements
// DTypes:      float32, float64, float16, bfloat16; sums float64 from the first square
// Launch:      called by all 32 threads of a warp together
// Traffic:     reads each element once, in 16-byte loads, four of them in flight per thread
//              -> bound by memory
// Determinism: lane l takes vectors l, l + 32, ... counted from the chunk's start, then a
//              butterfly: the same bits for every grid and every alignment
// Edge cases:  the maximum tells whether a chunk has NaN or Inf, the minimum whether it has
//              subnormals, both whether squares leave float64's range; only then is it read again.
//              Zeros take no branch at all. Data that does not start at 16 bytes is loaded
//              by element
// Errors:      none
// Reference:   cpu/tensor_stats_chunk.cpp, cpu/tensor_stats_sums.cpp
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/cuda/gpu.h"
#include "kernels/cuda/stored.cuh"
#include "kernels/cuda/tensor_stats_record.cuh"
#include "kernels/cuda/warp_reduce.cuh"

namespace gradvitals::GPU_NAMESPACE {

/// What the hot loop yields. The minimum is less one, so that zero becomes the largest of all: it
/// is no minimum, and its highest bit counts it.
template <class T>
struct ChunkSums {
  using Bits = BitsOf<T>;
  static constexpr int kSignShift = 8 * static_cast<int>(sizeof(Bits)) - 1;

  double sum_squares = 0.0;
  double sum = 0.0;
  Bits max = 0;
  Bits min_less_one = ~Bits{0};
  std::uint32_t zero_count = 0;

  __device__ __forceinline__ void add(T element) {
    const Bits bits = bits_of(element);
    const double x = Stored<T>::to_double(bits);
    sum_squares = fma(x, x, sum_squares);
    sum += x;
    const Bits magnitude = bits & Stored<T>::kMagnitude;
    const Bits less_one = magnitude - 1;
    max = magnitude > max ? magnitude : max;
    min_less_one = less_one < min_less_one ? less_one : min_less_one;
    zero_count += static_cast<std::uint32_t>(less_one >> kSignShift);
  }

  __device__ __forceinline__ void add(const StoredVector<T>& vector) {
#pragma unroll
    for (int i = 0; i < kPerVector<T>; ++i) add(vector.element[i]);
  }

  /// Over the warp, in every lane.
  __device__ __forceinline__ void reduce() {
    sum_squares = warp_sum(sum_squares);
    sum = warp_sum(sum);
    max = warp_max(max);
    min_less_one = warp_min(min_less_one);
    zero_count = warp_sum(zero_count);
  }
};

template <bool kAligned, class T>
__device__ __forceinline__ ChunkSums<T> sum_chunk(const T* data, int count, int lane) {
  constexpr int kInFlight = 4;
  ChunkSums<T> sums;
  const int vectors = count / kPerVector<T>;
  int v = lane;
  for (; v + (kInFlight - 1) * kWarpThreads < vectors; v += kInFlight * kWarpThreads) {
    StoredVector<T> loaded[kInFlight];
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      loaded[i] = load_vector<kAligned>(data + (v + i * kWarpThreads) * kPerVector<T>);
    }
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) sums.add(loaded[i]);
  }
  for (; v < vectors; v += kWarpThreads) {
    sums.add(load_vector<kAligned>(data + v * kPerVector<T>));
  }
  const int rest = vectors * kPerVector<T> + lane;
  if (rest < count) sums.add(data[rest]);
  sums.reduce();
  return sums;
}

/// Whether the squares of numbers up to this can be added in float64 as they are. 2^43 of them stay
/// finite below the upper bound; above the lower one a square that underflows is smaller than
/// 2^-170 of the largest.
__device__ __forceinline__ bool squares_in_range(double max_abs) {
  return max_abs == 0.0 || (max_abs >= 0x1p-450 && max_abs < 0x1p490);
}

/// sum and sum_squares of the finite x * 2^-scale_exponent, with the exponent of the largest |x|.
__device__ __forceinline__ void sum_scaled(const double* data, int count, int lane,
                                           TensorStats& record) {
  const int exponent = ilogb(record.max_abs);
  // Two factors, because 2^1074 is none.
  const double half = ldexp(1.0, -(exponent / 2));
  const double rest = ldexp(1.0, -(exponent - exponent / 2));
  double sum_squares = 0.0;
  double sum = 0.0;
  for (int i = lane; i < count; i += kWarpThreads) {
    if (!(fabs(data[i]) <= record.max_abs)) continue;
    const double x = data[i] * half * rest;
    sum_squares = fma(x, x, sum_squares);
    sum += x;
  }
  record.scale_exponent = exponent;
  record.sum_squares = warp_sum(sum_squares);
  record.sum = warp_sum(sum);
}

/// Element by element, for a chunk that has more than zeros and normal numbers of common size.
template <class T>
__device__ __forceinline__ TensorStats classify_chunk(const T* data, int count, int lane) {
  using Bits = BitsOf<T>;
  TensorStats mine = empty_record();
  for (int i = lane; i < count; i += kWarpThreads) {
    const Bits bits = bits_of(data[i]);
    const Bits magnitude = bits & Stored<T>::kMagnitude;
    mine.count += 1;
    if (magnitude >= Stored<T>::kInfinity) {
      (magnitude == Stored<T>::kInfinity ? mine.inf_count : mine.nan_count) += 1;
      if (mine.first_nonfinite_index < 0) mine.first_nonfinite_index = i;
      continue;
    }
    const double x = Stored<T>::to_double(bits);
    mine.sum_squares = fma(x, x, mine.sum_squares);
    mine.sum += x;
    mine.max_abs = fmax(mine.max_abs, fabs(x));
    if (magnitude == 0) {
      mine.zero_count += 1;
    } else {
      mine.min_abs_nonzero = fmin(mine.min_abs_nonzero, fabs(x));
      if (magnitude < Stored<T>::kMinNormal) mine.subnormal_count += 1;
    }
  }
#pragma unroll 1
  for (int distance = kWarpThreads / 2; distance > 0; distance /= 2) {
    mine = combine(mine, shuffled(mine, distance));
  }
  if constexpr (std::is_same_v<T, double>) {
    if (!squares_in_range(mine.max_abs)) sum_scaled(data, count, lane, mine);
  }
  return mine;
}

/// The record of a chunk, in every lane; first_nonfinite_index counts from the chunk's start.
template <class T>
__device__ __forceinline__ TensorStats chunk_record(const void* start, int count, int lane) {
  using Bits = BitsOf<T>;
  const T* data = static_cast<const T*>(start);
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
  const ChunkSums<T> sums =
      aligned ? sum_chunk<true>(data, count, lane) : sum_chunk<false>(data, count, lane);
  const Bits min = sums.min_less_one + 1;  // 0 where every element is zero.
  const double max_abs = Stored<T>::to_double(sums.max);
  bool common = sums.max < Stored<T>::kInfinity && (min == 0 || min >= Stored<T>::kMinNormal);
  if constexpr (std::is_same_v<T, double>) common = common && squares_in_range(max_abs);
  if (!common) return classify_chunk(data, count, lane);
  TensorStats record = empty_record();
  record.count = count;
  record.sum_squares = sums.sum_squares;
  record.sum = sums.sum;
  record.max_abs = max_abs;
  if (min > 0) record.min_abs_nonzero = Stored<T>::to_double(min);
  record.zero_count = sums.zero_count;
  return record;
}

}  // namespace gradvitals::GPU_NAMESPACE
