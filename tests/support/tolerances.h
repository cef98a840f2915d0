// Every tolerance of the tests, with its derivation. None is typed at a call.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace gradvitals::test {

/// |got - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double absolute = 0.0;
  double relative = 0.0;

  double at(double expected) const { return absolute + relative * std::fabs(expected); }
};

/// For results that have one right answer, bit for bit up to the sign of zero.
inline constexpr Tolerance kExact{};

/// Largest relative error of one correctly rounded operation.
template <class T>
inline constexpr double kUnitRoundoff = std::numeric_limits<T>::epsilon() / 2;

/// A sum of `terms` products, each at most `largest_term` in magnitude, in any summation order:
/// every partial sum rounds once, the products once more (Higham 2002, 3.1: gamma_n = n u / (1 - n
/// u)), relative to the sum of magnitudes, which `terms * largest_term` bounds. One more roundoff
/// for the scaling by alpha or 1/B, and one for the oracle's value when it is stored.
template <class T>
constexpr Tolerance accumulated(std::int64_t terms, double largest_term) {
  const double n = static_cast<double>(terms) + 2.0;
  const double magnitude = n * largest_term;
  return {.absolute = n * kUnitRoundoff<T> * magnitude, .relative = 2 * kUnitRoundoff<T>};
}

/// `operations` roundings in a row without cancellation.
template <class T>
constexpr Tolerance rounded(int operations) {
  return {.absolute = 0.0, .relative = operations * kUnitRoundoff<T>};
}

// Gradient check, central difference of L in double with step h = cbrt(epsilon) max(1, |x|) = 6e-6:
// truncation h^2 L'''/6 is about 6e-12 L''', roundoff epsilon |L| / h about 4e-11 |L|. The
// tolerances leave a factor of 250 for third derivatives and for roundoff within L (hundreds of
// operations).
inline constexpr double kGradcheckRelative = 1e-7;
inline constexpr double kGradcheckAbsolutePerLoss = 1e-8;  // Times max(1, sum |dy y|).

// The contract of tensor_stats.h.
inline constexpr Tolerance kSumSquares{.absolute = 0.0, .relative = 1e-12};
inline constexpr double kSumPerAbsoluteSum = 1e-12;  // Times sum |x|.

}  // namespace gradvitals::test
