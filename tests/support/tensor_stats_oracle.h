// The oracle of tensor_stats: plain loops in long double over the values as they are stored.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/runtime/dtype.h"
#include "kernels/stats/tensor_stats.h"
#include "tests/support/expect_close.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {

/// Bits of precision and the smallest normal exponent (of 1.m * 2^e) of the half types.
template <class T>
struct HalfFormat;
template <>
struct HalfFormat<Float16> {
  static constexpr int kPrecision = 11;
  static constexpr int kMinExponent = -14;
  static constexpr int kBias = 15;
};
template <>
struct HalfFormat<BFloat16> {
  static constexpr int kPrecision = 8;
  static constexpr int kMinExponent = -126;
  static constexpr int kBias = 127;
};

template <class T>
double smallest_normal() {
  if constexpr (std::is_floating_point_v<T>) {
    return std::numeric_limits<T>::min();
  } else {
    return std::ldexp(1.0, HalfFormat<T>::kMinExponent);
  }
}

/// The value that the bits stand for, by the definition of the format.
template <class T>
double value_of(T stored) {
  if constexpr (std::is_floating_point_v<T>) {
    return stored;
  } else {
    constexpr int kMantissaBits = HalfFormat<T>::kPrecision - 1;
    constexpr int kExponentBits = 15 - kMantissaBits;
    const int exponent = (stored.bits >> kMantissaBits) & ((1 << kExponentBits) - 1);
    const int mantissa = stored.bits & ((1 << kMantissaBits) - 1);
    const double sign = (stored.bits & 0x8000) != 0 ? -1.0 : 1.0;
    if (exponent == (1 << kExponentBits) - 1) {
      return mantissa == 0 ? sign * HUGE_VAL : std::numeric_limits<double>::quiet_NaN();
    }
    const int implicit = exponent == 0 ? 0 : 1 << kMantissaBits;
    const int scale = (exponent == 0 ? 1 : exponent) - HalfFormat<T>::kBias - kMantissaBits;
    return sign * std::ldexp(mantissa + implicit, scale);
  }
}

/// `value` in T, the half types rounded towards zero.
template <class T>
T stored(double value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    constexpr int kMantissaBits = HalfFormat<T>::kPrecision - 1;
    constexpr int kInfinity = ((1 << (15 - kMantissaBits)) - 1) << kMantissaBits;
    const int sign = std::signbit(value) ? 0x8000 : 0;
    int magnitude = 0;
    if (std::isnan(value)) {
      magnitude = kInfinity | 1;
    } else if (std::isinf(value)) {
      magnitude = kInfinity;
    } else if (value != 0) {
      const int exponent = std::max(std::ilogb(value), HalfFormat<T>::kMinExponent);
      const int mantissa = static_cast<int>(std::ldexp(std::fabs(value), kMantissaBits - exponent));
      // A subnormal's mantissa lacks the implicit bit, so that the sum has exponent bits of 0.
      magnitude = ((exponent + HalfFormat<T>::kBias - 1) << kMantissaBits) + mantissa;
      magnitude = std::min(magnitude, kInfinity - 1);
    }
    return T{static_cast<std::uint16_t>(sign | magnitude)};
  }
}

/// What the record should say; sums in long double, whose exponents hold every square of a double.
struct ExpectedStats {
  TensorStats exact;  ///< All but sum, sum_squares and scale_exponent.
  long double sum = 0;
  long double absolute_sum = 0;
  long double sum_squares = 0;
};

template <class T>
ExpectedStats oracle(const std::vector<T>& values) {
  ExpectedStats expected;
  TensorStats& exact = expected.exact;
  for (const T& stored : values) {
    const double x = value_of(stored);
    const std::int64_t index = exact.count++;
    if (!std::isfinite(x)) {
      (std::isnan(x) ? exact.nan_count : exact.inf_count) += 1;
      if (exact.first_nonfinite_index < 0) exact.first_nonfinite_index = index;
      continue;
    }
    const double magnitude = std::fabs(x);
    if (x == 0) {
      ++exact.zero_count;
    } else {
      exact.min_abs_nonzero = std::min(exact.min_abs_nonzero, magnitude);
      if (magnitude < smallest_normal<T>()) ++exact.subnormal_count;
    }
    exact.max_abs = std::max(exact.max_abs, magnitude);
    expected.sum += x;
    expected.absolute_sum += magnitude;
    expected.sum_squares += static_cast<long double>(x) * x;
  }
  return expected;
}

/// Fails the running test where the record and the oracle differ.
inline void expect_stats(const TensorStats& got, const ExpectedStats& expected) {
  TensorStats exact = got;
  exact.sum = 0;
  exact.sum_squares = 0;
  exact.scale_exponent = 0;
  EXPECT_EQ(exact.count, expected.exact.count);
  EXPECT_EQ(exact.max_abs, expected.exact.max_abs);
  EXPECT_EQ(exact.min_abs_nonzero, expected.exact.min_abs_nonzero);
  EXPECT_EQ(exact.zero_count, expected.exact.zero_count);
  EXPECT_EQ(exact.subnormal_count, expected.exact.subnormal_count);
  EXPECT_EQ(exact.nan_count, expected.exact.nan_count);
  EXPECT_EQ(exact.inf_count, expected.exact.inf_count);
  EXPECT_EQ(exact.first_nonfinite_index, expected.exact.first_nonfinite_index);
  EXPECT_EQ(exact, expected.exact);
  const auto at_scale = [&](long double sum_squares) {
    return static_cast<double>(std::ldexp(sum_squares, -2 * got.scale_exponent));
  };
  EXPECT_TRUE(compare(got.sum_squares, at_scale(expected.sum_squares), kSumSquares));
  EXPECT_TRUE(
      compare(got.l2_norm(), static_cast<double>(std::sqrt(expected.sum_squares)), kSumSquares));
  const auto sum = static_cast<double>(expected.sum);
  if (std::isinf(sum)) {
    EXPECT_EQ(got.sum, sum);
    return;
  }
  // Compared at a scale where sum |x| is about 1: a sum of subnormals has no room for a tolerance.
  const int exponent = expected.absolute_sum > 0 ? std::ilogb(expected.absolute_sum) : 0;
  const auto rescaled = [&](long double x) {
    return static_cast<double>(std::ldexp(x, -exponent));
  };
  EXPECT_TRUE(compare(rescaled(got.sum), rescaled(expected.sum), {.absolute = kSumPerAbsoluteSum}));
}

}  // namespace gradvitals::test
