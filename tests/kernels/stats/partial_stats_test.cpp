// Contract: kernels/stats/partial_stats.h. Oracle: tensor_stats of the whole. Tolerance: kSumSquares for
// sums, none for the rest.
#include "kernels/stats/partial_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kernels/runtime/stream.h"
#include "tests/support/expect_close.h"
#include "tests/support/special_values.h"
#include "tests/support/tensor_records.h"

namespace gradvitals::test {
namespace {

TensorStats direct_stats_of(std::span<const double> values) {
  Stream stream;
  const TensorView view{.name = "t",
                        .data = values.data(),
                        .count = std::ssize(values),
                        .rows = 1,
                        .cols = std::ssize(values),
                        .dtype = DType::kFloat64};
  return tensor_records(stream, std::span(&view, 1)).front();
}

void expect_same(const TensorStats& got, const TensorStats& expected) {
  expect_close(got.l2_norm(), expected.l2_norm(), kSumSquares);
  EXPECT_EQ(got.scale_exponent != 0, expected.scale_exponent != 0);
  EXPECT_NEAR(got.sum, expected.sum, 1e-12 * std::fabs(expected.max_abs) * 1e3);
  EXPECT_EQ(got.count, expected.count);
  EXPECT_EQ(got.max_abs, expected.max_abs);
  EXPECT_EQ(got.min_abs_nonzero, expected.min_abs_nonzero);
  EXPECT_EQ(got.zero_count, expected.zero_count);
  EXPECT_EQ(got.subnormal_count, expected.subnormal_count);
  EXPECT_EQ(got.nan_count, expected.nan_count);
  EXPECT_EQ(got.inf_count, expected.inf_count);
  EXPECT_EQ(got.first_nonfinite_index, expected.first_nonfinite_index);
}

/// The whole from the records of [0, cut) and [cut, end), in either order.
void expect_merges(const std::vector<double>& values, std::size_t cut) {
  const std::span all(values);
  const TensorStats first = part_of(direct_stats_of(all.first(cut)), 0);
  const TensorStats second =
      part_of(direct_stats_of(all.subspan(cut)), static_cast<std::int64_t>(cut));
  TensorStats forwards = first;
  merge(forwards, second);
  TensorStats backwards = second;
  merge(backwards, first);
  EXPECT_EQ(forwards, backwards);
  expect_same(whole_of(forwards), direct_stats_of(values));
}

TEST(PartialStats, OfTwoPartsTheWholeIsWhatOneReadGives) {
  expect_merges({1, -2, 3, 0, 4.5}, 2);
  expect_merges({1, -2, kNan, 0, kInf}, 2);
  expect_merges({1, kNan, 3, 0, -kInf}, 2);
  expect_merges({0, 0, 0, 5}, 3);
  expect_merges({1, 2, 3}, 0);
  expect_merges({kNan, kInf, kNan, kInf}, 2);
}

TEST(PartialStats, OfDifferentScaleAreMergedAtTheLarger) {
  for (const double large : {1e200, 3e307, 1e160, 1.0, 1e-160}) {
    for (const double small : {1e-200, 1e-310, 5e-324, 1e-170, 1e155, 0.0}) {
      SCOPED_TRACE(testing::Message() << large << " and " << small);
      expect_merges({large, -2 * large / 3, small, small / 2}, 2);
      expect_merges({small, small, large, large / 5}, 2);
    }
  }
}

TEST(PartialStats, ThatAreEmptyChangeNothing) {
  const TensorStats part = part_of(direct_stats_of(std::vector<double>{3.0, kNan, 1e-320}), 7);
  TensorStats merged = part;
  merge(merged, empty_part());
  EXPECT_EQ(merged, part);
  merged = empty_part();
  merge(merged, part);
  EXPECT_EQ(merged, part);
  EXPECT_EQ(part.first_nonfinite_index, 8);
  EXPECT_EQ(whole_of(empty_part()), TensorStats{});
  EXPECT_EQ(fold_parts({}), TensorStats{});
}

TEST(PartialStats, OfAnyNumberFoldToTheWhole) {
  for (const std::size_t count : {1U, 2U, 31U, 32U, 33U, 1000U, 1025U, 40'000U}) {
    SCOPED_TRACE(count);
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<double>(i));
    if (count > 30) values[count - 2] = kNan;
    std::vector<TensorStats> parts;
    for (std::size_t i = 0; i < count; ++i) {
      const double x = values[i];
      TensorStats part = empty_part();
      part.count = 1;
      if (std::isnan(x)) {
        part.nan_count = 1;
        part.first_nonfinite_index = static_cast<std::int64_t>(i);
      } else {
        part.sum = x;
        part.sum_squares = x * x;
        part.max_abs = std::fabs(x);
        if (x == 0) part.zero_count = 1;
        if (x != 0) part.min_abs_nonzero = std::fabs(x);
      }
      parts.push_back(part);
    }
    expect_same(whole_of(fold_parts(parts)), direct_stats_of(values));
  }
}

}  // namespace
}  // namespace gradvitals::test
