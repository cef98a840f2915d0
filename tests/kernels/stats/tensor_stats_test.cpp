// Contract: kernels/stats/tensor_stats.h. Oracle: a plain loop in long double over the values as stored.
// Tolerances: kSumSquares and kSumPerAbsoluteSum, the contract's own; everything else is exact.
#include "kernels/stats/tensor_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/stats/tensor_stats_layout.h"
#include "tests/kernels/stats/tensor_stats_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/tensor_records.h"
#include "tests/support/tensor_stats_oracle.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kTensorSizes[] = {
    0,    1,    31,   32,   33,    255,   256,   257,           1023,    1024,
    1025, 8191, 8192, 8193, 16384, 16385, 99991, (1 << 20) - 1, 1 << 20, (1 << 20) + 1};

template <class T>
void expect_oracle(Stream& stream, const std::vector<T>& values, std::int64_t misalignment = 0) {
  expect_stats(stats_of(stream, values, misalignment), oracle(values));
}

class TensorStatsTest : public DeviceTest {
 protected:
  /// Calls check(T{}) for each element type.
  template <class Check>
  void for_each_dtype(Check check) {
    check(float{});
    check(double{});
    check(Float16{});
    check(BFloat16{});
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, TensorStatsTest, all_devices(), device_name);

// Against the oracle.

TEST_P(TensorStatsTest, EverySizeAgreesWithTheOracle) {
  for_each_dtype([&](auto type) {
    for (const std::int64_t size : kTensorSizes) {
      SCOPED_TRACE(::testing::Message() << name(kDTypeOf<decltype(type)>) << " " << size);
      expect_oracle(stream(), normals<decltype(type)>(size));
    }
  });
}

TEST_P(TensorStatsTest, EveryStartAgreesWithTheOracle) {
  for_each_dtype([&](auto type) {
    for (std::int64_t start = 0; start < 64 / static_cast<std::int64_t>(sizeof(type)); ++start) {
      SCOPED_TRACE(::testing::Message() << name(kDTypeOf<decltype(type)>) << " " << start);
      expect_oracle(stream(), normals<decltype(type)>(9001), start);
    }
  });
}

TEST_P(TensorStatsTest, ZerosOfEitherSignAreCounted) {
  for_each_dtype([&](auto type) {
    for (const double fraction : {0.01, 0.5, 1.0}) {
      SCOPED_TRACE(::testing::Message() << name(kDTypeOf<decltype(type)>) << " " << fraction);
      expect_oracle(stream(), normals<decltype(type)>(20001, 1, fraction));
    }
  });
}

TEST_P(TensorStatsTest, SumAndSquaresStayAccurateOver2To26Elements) {
  // All the same, so that the true sums are products and float64 rounds at every addition.
  const float value = 0.1f;
  const std::int64_t count = (std::int64_t{1} << 26) + 5;
  const TensorStats got =
      stats_of(stream(), std::vector<float>(static_cast<std::size_t>(count), value));
  const auto n = static_cast<long double>(count);
  const auto squares = static_cast<double>(n * value * value);
  EXPECT_TRUE(compare(got.sum_squares, squares, kSumSquares));
  EXPECT_TRUE(compare(got.sum, static_cast<double>(n * value),
                      {.absolute = kSumPerAbsoluteSum * static_cast<double>(n * value)}));
}

TEST_P(TensorStatsTest, EveryBitPatternOfTheHalfTypesIsReadRight) {
  const auto check = [&](auto type) {
    using T = decltype(type);
    std::vector<T> all(65536);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].bits = static_cast<std::uint16_t>(i);
    expect_oracle(stream(), all);
    const std::int64_t stride = case_stride(GetParam(), 37);
    for (std::int64_t i = 0; i < std::ssize(all); i += stride) {
      const std::vector<T> one{all[static_cast<std::size_t>(i)]};
      expect_stats(stats_of(stream(), one), oracle(one));
    }
  };
  check(Float16{});
  check(BFloat16{});
}

// Edge cases.

TEST_P(TensorStatsTest, AnEmptyTensorHasTheEmptyRecord) {
  EXPECT_EQ(stats_of(stream(), std::vector<float>{}), TensorStats{});
  EXPECT_EQ(TensorStats{}.l2_norm(), 0.0);
  EXPECT_EQ(TensorStats{}.rms(), 0.0);
  EXPECT_EQ(TensorStats{}.ieee_norm(), 0.0);
}

TEST_P(TensorStatsTest, AViewWithoutDataIsRecordedAsEmpty) {
  const TensorView view{.name = "no gradient", .data = nullptr, .count = 10};
  EXPECT_EQ(tensor_records(stream(), std::span(&view, 1))[0], TensorStats{});
}

TEST_P(TensorStatsTest, APlanWithoutTensorsHasAnEmptyRecordOfAll) {
  EXPECT_EQ(tensor_records(stream(), std::span<const TensorView>{}), std::vector{TensorStats{}});
}

TEST_P(TensorStatsTest, AllZerosHaveNoSmallestElement) {
  const TensorStats got = stats_of(stream(), std::vector<float>(10000, -0.0f));
  EXPECT_EQ(got.zero_count, 10000);
  EXPECT_EQ(got.max_abs, 0.0);
  EXPECT_EQ(got.min_abs_nonzero, std::numeric_limits<double>::infinity());
  EXPECT_EQ(got.l2_norm(), 0.0);
}

TEST_P(TensorStatsTest, ANonFiniteElementIsFoundWhereverItStands) {
  for_each_dtype([&](auto type) {
    using T = decltype(type);
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{33}, std::size_t{8193}, std::size_t{40000}}) {
      for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
        for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
          SCOPED_TRACE(::testing::Message()
                       << name(kDTypeOf<T>) << " " << value << " at " << place << " of " << size);
          std::vector<T> values = normals<T>(static_cast<std::int64_t>(size), 1, 0.1);
          values[place] = stored<T>(value);
          const TensorStats got = stats_of(stream(), values);
          expect_stats(got, oracle(values));
          EXPECT_EQ(got.first_nonfinite_index, static_cast<std::int64_t>(place));
          EXPECT_TRUE(std::isnan(value) ? std::isnan(got.ieee_norm())
                                        : got.ieee_norm() == HUGE_VAL);
        }
      }
    }
  });
}

TEST_P(TensorStatsTest, ATensorOfNothingFiniteHasZeroSums) {
  for_each_dtype([&](auto type) {
    std::vector<decltype(type)> values(8195, stored<decltype(type)>(std::nan("")));
    expect_oracle(stream(), values);
    values[8192] = stored<decltype(type)>(-HUGE_VAL);
    expect_oracle(stream(), values);
    EXPECT_EQ(stats_of(stream(), values).rms(), 0.0);
  });
}

TEST_P(TensorStatsTest, AMixtureOfEveryClassAgreesWithTheOracle) {
  for_each_dtype([&](auto type) {
    using T = decltype(type);
    const double subnormal = smallest_normal<T>() / 4;
    const T kinds[] = {stored<T>(0.0),       stored<T>(-0.0),     stored<T>(1.5),
                       stored<T>(subnormal), stored<T>(HUGE_VAL), stored<T>(std::nan("")),
                       stored<T>(-subnormal)};
    std::mt19937_64 random(7);
    std::vector<T> values(30011);
    for (T& value : values) value = kinds[random() % std::size(kinds)];
    expect_oracle(stream(), values);
  });
}

// Range.

TEST_P(TensorStatsTest, Float32NeitherOverflowsNorUnderflows) {
  for (const double scale : {1e20, 1e-30, 1e38, 1e-44}) {
    SCOPED_TRACE(scale);
    std::vector<float> values = normals<float>(20000, scale / 10);
    expect_oracle(stream(), values);
    const TensorStats got = stats_of(stream(), values);
    EXPECT_EQ(got.scale_exponent, 0);
    EXPECT_TRUE(std::isnormal(got.l2_norm()));
  }
  const std::vector<float> largest(10000, std::numeric_limits<float>::max());
  EXPECT_TRUE(compare(stats_of(stream(), largest).l2_norm(),
                      100.0 * std::numeric_limits<float>::max(), kSumSquares));
}

TEST_P(TensorStatsTest, Float64OutOfTheRangeOfSquaresIsScaled) {
  for (const double scale : {1e200, 1e-200, 1e307, 1e-310, 1e160, 1e-160}) {
    for (const std::int64_t size : {1, 1000, 20000}) {
      SCOPED_TRACE(::testing::Message() << scale << " " << size);
      expect_oracle(stream(), normals<double>(size, scale / 10));
    }
  }
}

TEST_P(TensorStatsTest, Float64OfVeryDifferentChunksIsAddedAtOneScale) {
  constexpr std::int64_t kChunk = TensorStatsLayout::kChunkElements;
  const double scales[] = {1e-200, 0.0, 1.0, 1e200, 1e-310, 3e153};
  for (const double first : scales) {
    for (const double second : scales) {
      SCOPED_TRACE(::testing::Message() << first << " then " << second);
      std::vector<double> values = normals<double>(kChunk, first);
      const std::vector<double> more = normals<double>(kChunk + 7, second);
      values.insert(values.end(), more.begin(), more.end());
      expect_oracle(stream(), values);
    }
  }
}

TEST_P(TensorStatsTest, ScaleExponentIsZeroWhereTheSumOfSquaresIsANormalNumber) {
  EXPECT_EQ(stats_of(stream(), std::vector<double>{1e150}).scale_exponent, 0);
  EXPECT_EQ(stats_of(stream(), std::vector<double>{1e-150}).scale_exponent, 0);
  EXPECT_NE(stats_of(stream(), std::vector<double>{1e160}).scale_exponent, 0);
  EXPECT_NE(stats_of(stream(), std::vector<double>{1e-160}).scale_exponent, 0);
}

TEST_P(TensorStatsTest, ASumThatOverflowsAndComesBackIsNotNan) {
  std::vector<double> values(4 * TensorStatsLayout::kChunkElements, 1e308);
  std::fill(values.begin() + std::ssize(values) / 2, values.end(), -1e308);
  const TensorStats got = stats_of(stream(), values);
  EXPECT_TRUE(std::isfinite(got.sum)) << got.sum;
}

TEST(TensorStatsRecord, NormsNeitherOverflowNorUnderflow) {
  const TensorStats huge{.count = 4, .sum_squares = 4.0, .scale_exponent = 1000};
  EXPECT_EQ(huge.l2_norm(), 0x1p1001);
  EXPECT_EQ(huge.rms(), 0x1p1000);
  const TensorStats tiny{.count = 1, .sum_squares = 1.0, .scale_exponent = -1074};
  EXPECT_EQ(tiny.l2_norm(), 0x1p-1074);
  EXPECT_EQ(tiny.rms(), 0x1p-1074);
}

TEST(TensorStatsRecord, NormsOfTheFinitePartAndOfAll) {
  TensorStats record{.count = 5, .sum_squares = 36.0, .inf_count = 1};
  EXPECT_EQ(record.l2_norm(), 6.0);
  EXPECT_EQ(record.rms(), 3.0) << "over four finite elements";
  EXPECT_EQ(record.ieee_norm(), HUGE_VAL);
  record.nan_count = 1;
  EXPECT_TRUE(std::isnan(record.ieee_norm()));
}

}  // namespace
}  // namespace gradvitals::test
