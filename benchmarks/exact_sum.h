// The sum of squares of float32 values without rounding.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

namespace gradvitals {

/// One integer for each exponent: the squares of 24-bit significands are added exactly, up to 2^40
/// of them. Values that are not finite are left out.
class ExactSumOfSquares {
 public:
  void add(std::span<const float> values) {
    for (const float value : values) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFF;
      if (bits >= 0x7F800000) continue;
      const std::uint32_t stored_exponent = bits >> 23;
      // A subnormal has no hidden bit, and the exponent of the smallest normal number.
      const std::uint64_t hidden = stored_exponent == 0 ? 0 : 0x00800000;
      const std::uint64_t significand = (bits & 0x007FFFFF) | hidden;
      const std::uint64_t square = significand * significand;
      Sum& sum = sums_[stored_exponent == 0 ? 1 : stored_exponent];
      sum.low += square & kLowMask;
      sum.high += square >> kLowBits;
    }
  }

  /// The square root of the sum. The integers are added in long double, smallest exponent first:
  /// within some 2^-60, relative.
  long double norm() const {
    constexpr int kUnitExponent = -150;  // Of the last bit of a significand with exponent 0.
    long double all = 0;
    for (int exponent = 0; exponent < kExponents; ++exponent) {
      const Sum& sum = sums_[static_cast<std::size_t>(exponent)];
      const long double part = std::ldexp(static_cast<long double>(sum.high), kLowBits) +
                               static_cast<long double>(sum.low);
      all += std::ldexp(part, 2 * (exponent + kUnitExponent));
    }
    return std::sqrt(all);
  }

 private:
  static constexpr int kExponents = 255;
  static constexpr int kLowBits = 24;
  static constexpr std::uint64_t kLowMask = (1 << kLowBits) - 1;

  struct Sum {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
  };

  std::array<Sum, kExponents> sums_{};
};

}  // namespace gradvitals
