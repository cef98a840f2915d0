// Stored: the bit layout of each dtype, for kernels on every device that classify elements by their bits.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/runtime/dtype.h"

namespace gradvitals {

/// Bits: the unsigned integer of an element's size; without the sign bit (& kMagnitude), integers are
/// in the order of |x|. Above kInfinity are NaNs; below kMinNormal are zero and subnormals.
template <class T>
struct Stored;

template <>
struct Stored<float> {
  using Bits = std::uint32_t;
  static constexpr Bits kMagnitude = 0x7FFFFFFF;
  static constexpr Bits kInfinity = 0x7F800000;
  static constexpr Bits kMinNormal = 0x00800000;
};

template <>
struct Stored<double> {
  using Bits = std::uint64_t;
  static constexpr Bits kMagnitude = 0x7FFFFFFFFFFFFFFF;
  static constexpr Bits kInfinity = 0x7FF0000000000000;
  static constexpr Bits kMinNormal = 0x0010000000000000;
};

template <>
struct Stored<Float16> {
  using Bits = std::uint16_t;
  static constexpr Bits kMagnitude = 0x7FFF;
  static constexpr Bits kInfinity = 0x7C00;
  static constexpr Bits kMinNormal = 0x0400;
};

template <>
struct Stored<BFloat16> {
  using Bits = std::uint16_t;
  static constexpr Bits kMagnitude = 0x7FFF;
  static constexpr Bits kInfinity = 0x7F80;
  static constexpr Bits kMinNormal = 0x0080;
};

/// The value, exactly. Of the host.
template <class T>
double to_double(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return value;
  } else {
    return to_float32(value);
  }
}

}  // namespace gradvitals
