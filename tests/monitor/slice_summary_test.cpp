// Contract: monitor/metrics/slice_summary.h, and that inspect() puts summaries into its records.
// Oracle: slices made by hand. Tolerance: none; shares are exact in float64 here.
#include "monitor/metrics/slice_summary.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "monitor/gradient_monitor.h"
#include "tests/support/devices.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

/// A slice of five elements, whose fingerprint names what stands in it.
SliceRecord slice(std::uint64_t fingerprint, double sum_squares = 1.0, std::int64_t nonzero = 5) {
  return {.sum_squares = sum_squares, .nonzero_count = nonzero, .fingerprint = fingerprint};
}

TEST(SliceSummary, OfNoSlicesIsEmpty) {
  EXPECT_EQ(summary_of({}), SliceSummary{});
}

TEST(SliceSummary, SlicesThatAreZeroAreCountedAndAreNoTwins) {
  const std::vector slices{slice(7, 0.0, 0), slice(1), slice(7, 0.0, 0), slice(7, 0.0, 0)};
  EXPECT_EQ(summary_of(slices),
            (SliceSummary{.count = 4, .zero_count = 3, .top_index = 1, .top_share = 1.0}));
}

TEST(SliceSummary, ASliceThatHoldsNothingButNanIsNotZero) {
  const std::vector slices{SliceRecord{.nonfinite_count = 5}, slice(7, 0.0, 0)};
  EXPECT_EQ(summary_of(slices), (SliceSummary{.count = 2, .zero_count = 1}));
}

TEST(SliceSummary, TheTopSliceHasItsShareOfTheSquares) {
  const std::vector slices{slice(1, 1.0), slice(2, 6.0), slice(3, 1.0)};
  const SliceSummary summary = summary_of(slices);
  EXPECT_EQ(summary.top_index, 1);
  EXPECT_EQ(summary.top_share, 0.75);
}

TEST(SliceSummary, SquaresBeyondFloat64HaveNoTop) {
  const std::vector slices{slice(1, 1e308), slice(2, 1e308)};
  const SliceSummary summary = summary_of(slices);
  EXPECT_EQ(summary.top_index, -1);
  EXPECT_EQ(summary.top_share, 0.0);
}

TEST(SliceSummary, TwinsAreCountedAndTheLargestGroupIsNamed) {
  // 9 twice, 4 three times, 5 once.
  const std::vector slices{slice(9), slice(4), slice(5), slice(9), slice(4), slice(4)};
  const SliceSummary summary = summary_of(slices);
  EXPECT_EQ(summary.twin_count, 5);
  EXPECT_EQ(summary.largest_twin_group, 3);
  EXPECT_EQ(summary.first_twin, 1);
  EXPECT_EQ(summary.second_twin, 4);
}

TEST(SliceSummary, OfGroupsOfOneSizeTheFirstInTheMatrixIsNamed) {
  const std::vector slices{slice(9), slice(4), slice(4), slice(9)};
  const SliceSummary summary = summary_of(slices);
  EXPECT_EQ(summary.first_twin, 0);
  EXPECT_EQ(summary.second_twin, 3);
}

TEST(SliceSummary, WhatHasOneElementOrOneThatIsNotFiniteIsNoTwin) {
  std::vector slices{slice(9, 1.0, 1), slice(9, 1.0, 1), slice(4), slice(4)};
  slices[3].nonfinite_count = 1;
  EXPECT_EQ(summary_of(slices).twin_count, 0);
}

class SlicesTest : public test::DeviceTest {
 protected:
  /// A (rows, cols) kernel whose memory lives as long as the test.
  TensorView kernel(Role role, UnitAxis unit_axis, std::int64_t rows, std::int64_t cols,
                    const std::vector<float>& values) {
    memory_.push_back(std::make_unique<GuardedBuffer<float>>(stream(), values));
    return {.name = "dense/kernel",
            .role = role,
            .layer = 0,
            .data = memory_.back()->data(),
            .count = rows * cols,
            .rows = rows,
            .cols = cols,
            .unit_axis = unit_axis,
            .device = GetParam()};
  }

  /// (3, 4): row 1 is zero, rows 0 and 2 are equal, columns 0 and 3 as well.
  TensorView telling_kernel(Role role, UnitAxis unit_axis) {
    return kernel(role, unit_axis, 3, 4,
                  {1, 2, 3, 1,  //
                   0, 0, 0, 0,  //
                   1, 2, 3, 1});
  }

  TensorRecord examined(const TensorView& view) {
    return GradientMonitor(stream()).inspect(std::vector{view}).tensors.at(0);
  }

 private:
  std::vector<std::unique_ptr<GuardedBuffer<float>>> memory_;
};
INSTANTIATE_TEST_SUITE_P(Devices, SlicesTest, test::all_devices(), test::device_name);

constexpr SliceSummary kRows{.count = 3,
                             .zero_count = 1,
                             .top_index = 0,
                             .top_share = 0.5,
                             .twin_count = 2,
                             .largest_twin_group = 2,
                             .first_twin = 0,
                             .second_twin = 2};
constexpr SliceSummary kCols{.count = 4,
                             .zero_count = 0,
                             .top_index = 2,
                             .top_share = 0.6,
                             .twin_count = 2,
                             .largest_twin_group = 2,
                             .first_twin = 0,
                             .second_twin = 3};

TEST_P(SlicesTest, UnitsAreTheSlicesAlongTheUnitAxis) {
  for (const Role role : {Role::kGradient, Role::kWeight}) {
    const TensorRecord weight = examined(telling_kernel(role, UnitAxis::kRows));
    EXPECT_EQ(weight.units, kRows);
    EXPECT_EQ(weight.inputs, kCols);
    const TensorRecord kernel = examined(telling_kernel(role, UnitAxis::kCols));
    EXPECT_EQ(kernel.units, kCols);
    EXPECT_EQ(kernel.inputs, kRows);
  }
}

TEST_P(SlicesTest, WhatIsNoKernelOrOfUnknownUnitsHasNone) {
  const auto has_units = [&](auto change) {
    TensorView view = telling_kernel(Role::kGradient, UnitAxis::kRows);
    change(view);
    const TensorRecord record = examined(view);
    EXPECT_EQ(record.units.has_value(), record.inputs.has_value());
    return record.units.has_value();
  };
  EXPECT_TRUE(has_units([](TensorView&) {}));
  EXPECT_TRUE(has_units([](TensorView& view) { view.rank = 4; }));
  EXPECT_FALSE(has_units([](TensorView& view) { view.rank = 1; }));
  EXPECT_FALSE(has_units([](TensorView& view) { view.unit_axis = UnitAxis::kUnknown; }));
  EXPECT_FALSE(has_units([](TensorView& view) { view.data = nullptr; }));
  EXPECT_FALSE(has_units([](TensorView& view) { view.role = Role::kOutput; }));
  EXPECT_FALSE(has_units([](TensorView& view) { view.role = Role::kDelta; }));
  EXPECT_FALSE(has_units([](TensorView& view) { view.count = view.rows = view.cols = 1; }));
  EXPECT_FALSE(has_units([](TensorView& view) { view.count = view.rows = 0; }));
}

TEST_P(SlicesTest, RecordsKeepTheirOwnSlicesBehindALoss) {
  TensorView loss = kernel(Role::kLoss, UnitAxis::kUnknown, 1, 1, {3});
  loss.rank = 0;
  const TensorView first = kernel(Role::kGradient, UnitAxis::kRows, 2, 2, {1, 2, 1, 2});
  const TensorView bias = kernel(Role::kGradient, UnitAxis::kUnknown, 1, 2, {1, 1});
  const TensorView second = kernel(Role::kGradient, UnitAxis::kRows, 2, 2, {1, kInf, 0, 0});
  const HealthMetrics metrics =
      GradientMonitor(stream()).inspect(std::vector{loss, first, bias, second});
  ASSERT_EQ(metrics.tensors.size(), 3U);
  ASSERT_TRUE(metrics.tensors[0].units.has_value());
  EXPECT_EQ(metrics.tensors[0].units->twin_count, 2);
  EXPECT_FALSE(metrics.tensors[1].units.has_value());
  ASSERT_TRUE(metrics.tensors[2].units.has_value());
  EXPECT_EQ(metrics.tensors[2].units->twin_count, 0);
  EXPECT_EQ(metrics.tensors[2].units->zero_count, 1);
}

TEST_P(SlicesTest, OnlyInspectWithUnitsPaysForThem) {
  const std::vector views{telling_kernel(Role::kGradient, UnitAxis::kRows)};
  GradientMonitor without(stream(), {.units = false});
  EXPECT_FALSE(without.inspect(views).tensors.at(0).units.has_value());
  GradientMonitor monitor(stream());
  monitor.observe(views);
  monitor.submit(0);
  const std::optional<HealthMetrics> metrics = monitor.flush();
  ASSERT_TRUE(metrics.has_value());
  EXPECT_FALSE(metrics->tensors.at(0).units.has_value());
}

}  // namespace
}  // namespace gradvitals::test
