// Contract: kernels/stats/slice_stats.h. Oracle: a loop per slice in long double, and slices compared
// element by element. Tolerance: 1e-12 of the sum of squares, as the contract promises; counts and
// fingerprints are exact.
#include "kernels/stats/slice_stats.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

struct Slices {
  std::vector<SliceRecord> rows;
  std::vector<SliceRecord> cols;

  bool operator==(const Slices&) const = default;
};

template <class T>
TensorView view_of(const GuardedBuffer<T>& values, std::int64_t rows, std::int64_t cols,
                   const Device& device) {
  return {.name = "hidden",
          .data = values.data(),
          .count = rows * cols,
          .rows = rows,
          .cols = cols,
          .dtype = kDTypeOf<T>,
          .device = device};
}

template <class T>
Slices slices_of(Stream& stream, const std::vector<T>& values, std::int64_t rows, std::int64_t cols,
                 std::int64_t misalignment = 0) {
  const GuardedBuffer<T> in(stream, std::span<const T>(values),
                            misalignment * static_cast<std::int64_t>(sizeof(T)));
  const GuardedBuffer<SliceRecord> row_records(stream, rows);
  const GuardedBuffer<SliceRecord> col_records(stream, cols);
  slice_stats(stream, {.view = view_of(in, rows, cols, stream.device()),
                       .rows = row_records.vector(),
                       .cols = col_records.vector()});
  EXPECT_TRUE(row_records.guards_intact());
  EXPECT_TRUE(col_records.guards_intact());
  return {row_records.download(), col_records.download()};
}

double value_of(float value) {
  return value;
}
double value_of(double value) {
  return value;
}
double value_of(Float16 value) {
  return to_float32(value);
}
double value_of(BFloat16 value) {
  return to_float32(value);
}

/// Of element (row, col) at values[row * row_step + col * col_step].
struct Expected {
  long double sum_squares = 0;
  std::int64_t nonzero = 0;
  std::int64_t nonfinite = 0;
};

template <class T>
void expect_slice(const SliceRecord& record, const std::vector<T>& values, std::int64_t begin,
                  std::int64_t step, std::int64_t count) {
  Expected expected;
  for (std::int64_t i = 0; i < count; ++i) {
    const double value = value_of(values[static_cast<std::size_t>(begin + i * step)]);
    if (std::isfinite(value)) {
      expected.sum_squares += static_cast<long double>(value) * value;
      expected.nonzero += value != 0.0 ? 1 : 0;
    } else {
      ++expected.nonfinite;
    }
  }
  EXPECT_EQ(record.nonzero_count, expected.nonzero);
  EXPECT_EQ(record.nonfinite_count, expected.nonfinite);
  const auto sum = static_cast<double>(expected.sum_squares);
  EXPECT_LE(std::fabs(record.sum_squares - sum), 1e-12 * sum) << record.sum_squares << " " << sum;
}

template <class T>
void expect_slices(Stream& stream, const std::vector<T>& values, std::int64_t rows,
                   std::int64_t cols) {
  SCOPED_TRACE(testing::Message() << name(kDTypeOf<T>) << " " << shape_text(rows, cols));
  const Slices slices = slices_of(stream, values, rows, cols);
  ASSERT_EQ(std::ssize(slices.rows), rows);
  ASSERT_EQ(std::ssize(slices.cols), cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    expect_slice(slices.rows[static_cast<std::size_t>(r)], values, r * cols, 1, cols);
  }
  for (std::int64_t c = 0; c < cols; ++c) {
    expect_slice(slices.cols[static_cast<std::size_t>(c)], values, c, cols, rows);
  }
}

/// Bit patterns of T spread over its range: NaN, infinities, subnormals and zeros among them.
template <class T>
std::vector<T> any_values(std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<T, double>) {
      // Exponents whose squares float64 can hold.
      const double value = std::ldexp(1.0 + static_cast<double>(random() % 1000) / 1000.0,
                                      static_cast<int>(random() % 800) - 400);
      const std::array<double, 4> special = {0.0, -0.0, HUGE_VAL, std::nan("")};
      values.push_back(random() % 16 == 0 ? special.at(random() % 4) : value);
    } else if constexpr (std::is_same_v<T, float>) {
      values.push_back(random() % 8 == 0 ? 0.0f
                                         : std::bit_cast<float>(static_cast<unsigned>(random())));
    } else {
      values.push_back(T{static_cast<std::uint16_t>(random() % 8 == 0 ? 0x8000 : random())});
    }
  }
  return values;
}

std::vector<float> normal_values(std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

std::size_t distinct(const std::vector<SliceRecord>& slices) {
  std::set<std::uint64_t> prints;
  for (const SliceRecord& slice : slices) prints.insert(slice.fingerprint);
  return prints.size();
}

class SliceStatsTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, SliceStatsTest, all_devices(), device_name);

TEST_P(SliceStatsTest, MatchesALoopPerSliceAtEveryShapeAndType) {
  constexpr std::array<std::array<std::int64_t, 2>, 10> kShapes = {
      {{0, 5}, {5, 0}, {0, 0}, {1, 1}, {1, 129}, {257, 33}, {31, 101}, {8, 32}, {9, 31}, {600, 2}}};
  for (const auto [rows, cols] : kShapes) {
    expect_slices(stream(), any_values<float>(rows * cols, 1), rows, cols);
    expect_slices(stream(), any_values<double>(rows * cols, 2), rows, cols);
    expect_slices(stream(), any_values<Float16>(rows * cols, 3), rows, cols);
    expect_slices(stream(), any_values<BFloat16>(rows * cols, 4), rows, cols);
  }
}

TEST_P(SliceStatsTest, TheSumIsAccurateOverManyElements) {
  // Rounding of equal addends goes one way: a plain float64 sum of these is off by 1.4e-12.
  const std::vector<double> values(std::size_t{1} << 16, 0.7);
  expect_slices(stream(), values, 1, std::ssize(values));
  if (GetParam() == DeviceType::kSim) return;  // A fiber for each of 2^21 threads takes 20 s.
  expect_slices(stream(), values, std::ssize(values), 1);
}

TEST_P(SliceStatsTest, EqualSlicesHaveOneFingerprintAndOthersDoNot) {
  std::vector<float> values = normal_values(40 * 70, 5);
  Slices slices = slices_of(stream(), values, 40, 70);
  EXPECT_EQ(distinct(slices.rows), 40U);
  EXPECT_EQ(distinct(slices.cols), 70U);
  std::copy_n(values.begin() + 3 * 70, 70, values.begin() + 38 * 70);
  for (std::size_t row = 0; row < 40; ++row) values[row * 70 + 66] = values[row * 70 + 1];
  slices = slices_of(stream(), values, 40, 70);
  EXPECT_EQ(slices.rows[3].fingerprint, slices.rows[38].fingerprint);
  EXPECT_EQ(distinct(slices.rows), 39U);
  EXPECT_EQ(slices.cols[1].fingerprint, slices.cols[66].fingerprint);
  EXPECT_EQ(distinct(slices.cols), 69U);
}

TEST_P(SliceStatsTest, APermutedSliceIsAnotherOne) {
  const std::vector<float> values{1, 2, 3, 2, 1, 3, 3, 2, 1, -1, 2, 3};
  EXPECT_EQ(distinct(slices_of(stream(), values, 4, 3).rows), 4U);
  EXPECT_EQ(distinct(slices_of(stream(), values, 3, 4).rows), 3U);
}

TEST_P(SliceStatsTest, ZerosAreEqualWhateverTheirSignAndNansWhateverTheirPayload) {
  const float nan = std::bit_cast<float>(0x7FC00000U);
  const float other_nan = std::bit_cast<float>(0xFFC12345U);
  const std::vector<float> values{0.0f, 1, nan, -0.0f, 1, other_nan};
  const Slices slices = slices_of(stream(), values, 2, 3);
  EXPECT_EQ(slices.rows[0], slices.rows[1]);
  EXPECT_EQ(slices.rows[0].nonzero_count, 1);
  EXPECT_EQ(slices.rows[0].nonfinite_count, 1);
}

TEST_P(SliceStatsTest, InfinitiesDifferInSign) {
  const std::vector<float> values{HUGE_VALF, 1, -HUGE_VALF, 1};
  EXPECT_EQ(distinct(slices_of(stream(), values, 2, 2).rows), 2U);
}

/// Small integers and what is not finite, which every dtype holds.
template <class T>
std::vector<T> values_of_any_type(const std::array<T, 6>& kinds, std::int64_t count) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(kinds[static_cast<std::size_t>(i * i + i / 7) % kinds.size()]);
  }
  return values;
}

TEST_P(SliceStatsTest, EveryTypeAndDeviceHasTheSameFingerprintsOfTheSameValues) {
  Stream cpu({.device = DeviceType::kCpu, .threads = 1});
  const Slices expected = slices_of(
      cpu, values_of_any_type<double>({0.0, 1.0, -2.0, HUGE_VAL, -HUGE_VAL, std::nan("")}, 33 * 40),
      33, 40);
  const auto expect_same = [&](const auto& values) {
    const Slices slices = slices_of(stream(), values, 33, 40);
    for (std::size_t i = 0; i < 33; ++i) {
      EXPECT_EQ(slices.rows[i].fingerprint, expected.rows[i].fingerprint) << i;
    }
    for (std::size_t i = 0; i < 40; ++i) {
      EXPECT_EQ(slices.cols[i].fingerprint, expected.cols[i].fingerprint) << i;
    }
  };
  expect_same(values_of_any_type<float>({0, 1, -2, HUGE_VALF, -HUGE_VALF, std::nanf("")}, 33 * 40));
  expect_same(values_of_any_type<Float16>(
      {{{0x8000}, {0x3C00}, {0xC000}, {0x7C00}, {0xFC00}, {0x7E01}}}, 33 * 40));
  expect_same(values_of_any_type<BFloat16>(
      {{{0x8000}, {0x3F80}, {0xC000}, {0x7F80}, {0xFF80}, {0xFFC1}}}, 33 * 40));
}

TEST_P(SliceStatsTest, EveryStartGivesTheSameRecords) {
  const std::vector<float> values = any_values<float>(33 * 9, 7);
  const Slices expected = slices_of(stream(), values, 9, 33);
  for (std::int64_t start = 1; start < 16; ++start) {
    EXPECT_EQ(slices_of(stream(), values, 9, 33, start), expected) << start;
  }
}

TEST(SliceStats, EveryThreadCountGivesTheSameRecords) {
  const std::vector<float> values = normal_values(301 * 1000, 8);
  const auto records = [&](int threads) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    return slices_of(stream, values, 301, 1000);
  };
  const Slices expected = records(1);
  EXPECT_EQ(records(2), expected);
  EXPECT_EQ(records(3), expected);
}

TEST_P(SliceStatsTest, RefusesWhatDoesNotFitAndNamesTheView) {
  const GuardedBuffer<float> values(stream(), 6);
  const GuardedBuffer<SliceRecord> records(stream(), 2);
  const GuardedBuffer<SliceRecord> others(stream(), 3);
  const auto call = [&](auto change) {
    return [&, change] {
      SliceStats op{.view = view_of(values, 2, 3, stream().device()),
                    .rows = records.vector(),
                    .cols = others.vector()};
      change(op);
      slice_stats(stream(), op);
    };
  };
  expect_invalid(call([](SliceStats& op) { op.view.count = 5; }),
                 {"slice_stats", "hidden", "(2, 3)", "5 elements"});
  expect_invalid(call([](SliceStats& op) { op.view.cols = -3; }), {"hidden", "negative"});
  expect_invalid(call([](SliceStats& op) { op.view.data = nullptr; }), {"hidden", "no data"});
  expect_invalid(call([&](SliceStats& op) {
                   op.view.device = stream().device().type == DeviceType::kCuda ? DeviceType::kCpu
                                                                                : DeviceType::kCuda;
                 }),
                 {"hidden", "cuda", name(stream().device())});
  expect_invalid(
      call([](SliceStats& op) { op.view.data = static_cast<const char*>(op.view.data) + 2; }),
      {"hidden", "multiple of 4 bytes"});
  expect_invalid(call([](SliceStats& op) { op.rows.count = 1; }),
                 {"hidden", "(2, 3)", "rows (1,)"});
  expect_invalid(call([](SliceStats& op) { op.cols.data = nullptr; }), {"cols (3,)", "no data"});
  expect_invalid(call([](SliceStats& op) { op.cols.data = op.rows.data; }),
                 {"cols", "rows", "share memory"});
}

}  // namespace
}  // namespace gradvitals::test
