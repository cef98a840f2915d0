// Computes:    the sum, maximum or minimum of a value over the 32 threads of a warp
// Shapes:      one value per thread; every thread gets the result
// DTypes:      float, double, 32- and 64-bit integers
// Launch:      called by all 32 threads of a warp together
// Traffic:     none: five shuffles, or one instruction for 32-bit integers
// Determinism: a butterfly of fixed order: thread i meets i ^ 16, then i ^ 8, ...
// Edge cases:  float sums carry NaN on; maximum and minimum are for numbers only
// Errors:      none
// Reference:   M. Harris, "Optimizing parallel reduction in CUDA"; CUB's WarpReduce
#pragma once

#include <cstdint>

#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

inline constexpr int kWarpThreads = 32;
inline constexpr unsigned kWholeWarp = 0xFFFFFFFFu;

template <class T, class Combine>
__device__ __forceinline__ T warp_combine(T value, Combine combine) {
  for (int distance = kWarpThreads / 2; distance > 0; distance /= 2) {
    value = combine(value, __shfl_xor_sync(kWholeWarp, value, distance));
  }
  return value;
}

template <class T>
__device__ __forceinline__ T warp_sum(T value) {
  return warp_combine(value, [](T a, T b) { return a + b; });
}
__device__ __forceinline__ std::uint32_t warp_sum(std::uint32_t value) {
  return __reduce_add_sync(kWholeWarp, value);
}

template <class T>
__device__ __forceinline__ T warp_max(T value) {
  return warp_combine(value, [](T a, T b) { return a < b ? b : a; });
}
__device__ __forceinline__ std::uint32_t warp_max(std::uint32_t value) {
  return __reduce_max_sync(kWholeWarp, value);
}

template <class T>
__device__ __forceinline__ T warp_min(T value) {
  return warp_combine(value, [](T a, T b) { return b < a ? b : a; });
}
__device__ __forceinline__ std::uint32_t warp_min(std::uint32_t value) {
  return __reduce_min_sync(kWholeWarp, value);
}

}  // namespace gradvitals::GPU_NAMESPACE
