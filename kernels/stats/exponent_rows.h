// Where an element is counted in an ExponentHistogram, the same on every device. Private to
// kernels/stats.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/runtime/host_device.h"
#include "kernels/stats/exponent_histogram.h"
#include "kernels/stats/stored.h"

namespace gradvitals {

// The counts of an ExponentHistogram by their places: its bins, then these.
inline constexpr int kZeroRow = ExponentHistogram::kBins;
inline constexpr int kNanRow = kZeroRow + 1;
inline constexpr int kPositiveInfRow = kZeroRow + 2;
inline constexpr int kNegativeInfRow = kZeroRow + 3;
inline constexpr int kExponentRows = kZeroRow + 4;

template <class T>
inline constexpr int kFractionBits = 23;
template <>
inline constexpr int kFractionBits<double> = 52;
template <>
inline constexpr int kFractionBits<Float16> = 10;
template <>
inline constexpr int kFractionBits<BFloat16> = 7;

template <class T>
inline constexpr int kExponentBias = 127;
template <>
inline constexpr int kExponentBias<double> = 1023;
template <>
inline constexpr int kExponentBias<Float16> = 15;

/// floor(log2 |x|) of a normal x, and of a subnormal one of Float16. Those of other types are below
/// bin 1 with any exponent that they are said to have; and so is 0.
template <class T, class Bits>
GRADVITALS_HOST_DEVICE int exponent_of(Bits magnitude) {
  if constexpr (std::is_same_v<T, Float16>) {
    constexpr int kSubnormalUnit =
        -24;  // The smallest one is 2^-24, and the others multiples of it.
    if (magnitude < Stored<T>::kMinNormal) {
      const auto multiple = static_cast<float>(magnitude);  // Exact, and normal but for 0.
      std::uint32_t bits = 0;
      std::memcpy(&bits, &multiple, sizeof bits);
      return exponent_of<float>(bits) + kSubnormalUnit;
    }
  }
  return static_cast<int>(magnitude >> kFractionBits<T>) - kExponentBias<T>;
}

/// Of an element by its bits, in an integer of any width.
template <class T, class Bits>
GRADVITALS_HOST_DEVICE int exponent_row(Bits bits) {
  constexpr int kFirst = ExponentHistogram::kFirstExponent;
  constexpr int kLastBin = ExponentHistogram::kBins - 1;
  const Bits magnitude = bits & Stored<T>::kMagnitude;
  if (magnitude >= Stored<T>::kInfinity) {
    if (magnitude > Stored<T>::kInfinity) return kNanRow;
    return bits == magnitude ? kPositiveInfRow : kNegativeInfRow;
  }
  const int exponent = exponent_of<T>(magnitude);
  const int bin = (exponent < kFirst ? 0 : exponent - kFirst) / ExponentHistogram::kPowersPerBin;
  if (magnitude == 0) return kZeroRow;
  return bin < kLastBin ? bin : kLastBin;
}

}  // namespace gradvitals
