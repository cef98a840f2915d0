// The one comparator of the tests: same shape, same class (finite, NaN, +Inf, -Inf) per element,
// then |got - expected| <= tolerance. The comparison is written so that NaN fails it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <iomanip>
#include <ranges>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

#include "kernels/runtime/matrix_view.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {

/// "finite", "NaN", "+Inf" or "-Inf".
inline std::string_view float_class(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return "finite";
}

inline bool is_close(double got, double expected, Tolerance tolerance) {
  if (float_class(got) != float_class(expected)) return false;
  if (!std::isfinite(expected)) return true;
  return std::fabs(got - expected) <= tolerance.at(expected);
}

template <class Range>
concept Numbers = std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range> &&
                  std::is_convertible_v < std::ranges::range_value_t<Range>,
double > ;

/// Compares element by element; the message names the first element that differs and counts the
/// rest.
template <Numbers Got, Numbers Expected>
::testing::AssertionResult compare(const Got& got, const Expected& expected, Tolerance tolerance) {
  const std::int64_t count = std::ranges::ssize(expected);
  if (std::ranges::ssize(got) != count) {
    return ::testing::AssertionFailure() << "shapes differ: expected (" << count << ",), got ("
                                         << std::ranges::ssize(got) << ",)";
  }
  std::int64_t first = -1;
  std::int64_t differing = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (is_close(static_cast<double>(got[i]), static_cast<double>(expected[i]), tolerance))
      continue;
    if (first < 0) first = i;
    ++differing;
  }
  if (differing == 0) return ::testing::AssertionSuccess();
  const auto want = static_cast<double>(expected[first]);
  return ::testing::AssertionFailure()
         << std::setprecision(17) << "at index " << first << ": expected " << want << ", got "
         << static_cast<double>(got[first]) << ", tolerance " << tolerance.at(want) << "; "
         << differing << " of " << count << " elements differ";
}

/// Scalars.
inline ::testing::AssertionResult compare(double got, double expected, Tolerance tolerance) {
  return compare(std::span(&got, 1), std::span(&expected, 1), tolerance);
}

/// Matrices in host memory, whose rows and columns must agree, too.
template <class Got, class Expected>
::testing::AssertionResult compare(MatrixView<Got> got, MatrixView<Expected> expected,
                                   Tolerance tolerance) {
  if (got.rows != expected.rows || got.cols != expected.cols) {
    return ::testing::AssertionFailure()
           << "shapes differ: expected (" << expected.rows << ", " << expected.cols << "), got ("
           << got.rows << ", " << got.cols << ")";
  }
  return compare(std::span(got.data, got.count()), std::span(expected.data, expected.count()),
                 tolerance);
}

/// Fails the running test, at the caller's line, where compare() does.
template <class Got, class Expected>
void expect_close(const Got& got, const Expected& expected, Tolerance tolerance,
                  std::source_location caller = std::source_location::current()) {
  const ::testing::AssertionResult result = compare(got, expected, tolerance);
  if (!result)
    ADD_FAILURE_AT(caller.file_name(), static_cast<int>(caller.line())) << result.message();
}

}  // namespace gradvitals::test
