// Computes:    what the bits of a stored element mean, for kernels that read every dtype
// Shapes:      one element, or the elements of a 16-byte vector
// DTypes:      float32, float64, float16, bfloat16
// Launch:      none: for the kernels that include this
// Traffic:     16 bytes per vector, in one load where the address allows it
// Determinism: exact
// Edge cases:  a float16's NaN and Inf are not converted: who meets them looks at the bits
// Errors:      none
// Reference:   kernels/runtime/dtype.h
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/dtype.h"

namespace gradvitals::GPU_NAMESPACE {

/// Bits: an integer that holds the element's, in whose order those of |x| are in order. Infinity
/// and the smallest normal number as Bits.
template <class T>
struct Stored;

template <>
struct Stored<float> {
  using Bits = std::uint32_t;
  static constexpr Bits kMagnitude = 0x7FFFFFFF;
  static constexpr Bits kInfinity = 0x7F800000;
  static constexpr Bits kMinNormal = 0x00800000;
  static __device__ double to_double(Bits bits) {
    return static_cast<double>(__uint_as_float(bits));
  }
};

template <>
struct Stored<double> {
  using Bits = std::uint64_t;
  static constexpr Bits kMagnitude = 0x7FFFFFFFFFFFFFFF;
  static constexpr Bits kInfinity = 0x7FF0000000000000;
  static constexpr Bits kMinNormal = 0x0010000000000000;
  static __device__ double to_double(Bits bits) {
    return __longlong_as_double(static_cast<long long>(bits));
  }
};

/// Types of 16 bits also say what the two elements of a word are.
template <>
struct Stored<BFloat16> {
  using Bits = std::uint32_t;
  static constexpr Bits kMagnitude = 0x7FFF;
  static constexpr Bits kInfinity = 0x7F80;
  static constexpr Bits kMinNormal = 0x0080;
  static __device__ float low(std::uint32_t word) { return __uint_as_float(word << 16); }
  static __device__ float high(std::uint32_t word) { return __uint_as_float(word & 0xFFFF0000); }
  static __device__ double to_double(Bits bits) { return static_cast<double>(low(bits)); }
};

template <>
struct Stored<Float16> {
  using Bits = std::uint32_t;
  static constexpr Bits kMagnitude = 0x7FFF;
  static constexpr Bits kInfinity = 0x7C00;
  static constexpr Bits kMinNormal = 0x0400;
  static __device__ float low(std::uint32_t word) { return high(word << 16); }
  /// Moved to where float32 has sign, exponent and fraction. Exponents differ by 127 - 15 in bias:
  /// one exact product moves them, of subnormals as well.
  static __device__ float high(std::uint32_t word) {
    const auto moved = static_cast<std::uint32_t>(static_cast<std::int32_t>(word) >> 3);
    return __uint_as_float(moved & 0x8FFFE000) * 0x1p112f;
  }
  static __device__ double to_double(Bits bits) { return static_cast<double>(low(bits)); }
};

template <class T>
using BitsOf = typename Stored<T>::Bits;

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
