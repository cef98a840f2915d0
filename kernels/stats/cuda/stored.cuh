// Computes:    values of stored elements, for kernels that read every dtype
// Shapes:      one element, or the elements of a 16-byte vector
// DTypes:      float32, float64, float16, bfloat16
// Launch:      none: for the kernels that include this
// Traffic:     16 bytes per vector, in one load where the address allows it
// Determinism: exact
// Edge cases:  NaN and Inf of float16 are not converted: callers classify them by their bits
// Errors:      none
// Reference:   kernels/stats/stored.h, kernels/runtime/dtype.h
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/dtype.h"
#include "kernels/stats/stored.h"

namespace gradvitals::GPU_NAMESPACE {

/// An element's bits as a register holds them: 16-bit types are widened to 32 bits.
template <class T>
using RegisterBits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

/// Exact conversions from bits. For Float16, of finite values only.
template <class T>
struct Convert;

template <>
struct Convert<float> {
  static __device__ double to_double(std::uint32_t bits) {
    return static_cast<double>(__uint_as_float(bits));
  }
};

template <>
struct Convert<double> {
  static __device__ double to_double(std::uint64_t bits) {
    return __longlong_as_double(static_cast<long long>(bits));
  }
};

/// 16-bit types also convert the two elements of a 32-bit word.
template <>
struct Convert<BFloat16> {
  static __device__ float low(std::uint32_t word) { return __uint_as_float(word << 16); }
  static __device__ float high(std::uint32_t word) { return __uint_as_float(word & 0xFFFF0000); }
  static __device__ double to_double(std::uint32_t bits) { return static_cast<double>(low(bits)); }
};

template <>
struct Convert<Float16> {
  static __device__ float low(std::uint32_t word) { return high(word << 16); }
  /// Shifts sign, exponent and fraction to their places in a float32. The exponent biases differ by
  /// 127 - 15 = 112: one exact multiplication corrects it, for subnormals as well.
  static __device__ float high(std::uint32_t word) {
    const auto moved = static_cast<std::uint32_t>(static_cast<std::int32_t>(word) >> 3);
    return __uint_as_float(moved & 0x8FFFE000) * 0x1p112f;
  }
  static __device__ double to_double(std::uint32_t bits) { return static_cast<double>(low(bits)); }
};

// clang-format off
__device__ __forceinline__ std::uint32_t bits_of(float value) { return __float_as_uint(value); }
__device__ __forceinline__ std::uint64_t bits_of(double value) {
  return static_cast<std::uint64_t>(__double_as_longlong(value));
}
__device__ __forceinline__ std::uint32_t bits_of(Float16 value) { return value.bits; }
__device__ __forceinline__ std::uint32_t bits_of(BFloat16 value) { return value.bits; }
// clang-format on

/// 16 bytes of elements.
using Vector = uint4;

template <class T>
inline constexpr int kPerVector = static_cast<int>(sizeof(Vector) / sizeof(T));

/// The vector at `from`, which need not be a multiple of 16 bytes: in several loads.
template <class T>
__device__ __forceinline__ Vector load_unaligned(const T* from) {
  Vector vector;
  T elements[kPerVector<T>];
#pragma unroll
  for (int i = 0; i < kPerVector<T>; ++i) elements[i] = from[i];
  memcpy(&vector, elements, sizeof vector);
  return vector;
}

}  // namespace gradvitals::GPU_NAMESPACE
