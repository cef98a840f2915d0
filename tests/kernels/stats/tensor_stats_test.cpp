// Contract: kernels/stats/tensor_stats.h. Oracle: a plain loop in long double over the values as stored.
// Tolerances: kSumSquares and kSumPerAbsoluteSum, the contract's own; everything else is exact.
// Longer than most: every dtype, size and edge case goes by one oracle.
#include "kernels/stats/tensor_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/stats/tensor_stats_layout.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/tensor_records.h"
#include "tests/support/tensor_stats_oracle.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kSizes[] = {
    0,    1,    31,   32,   33,    255,   256,   257,           1023,    1024,
    1025, 8191, 8192, 8193, 16384, 16385, 99991, (1 << 20) - 1, 1 << 20, (1 << 20) + 1};

template <class T>
TensorView view_of(std::string_view name, const GuardedBuffer<T>& buffer, DeviceType device) {
  return {.name = name,
          .data = buffer.data(),
          .count = buffer.count(),
          .rows = 1,
          .cols = buffer.count(),
          .dtype = kDTypeOf<T>,
          .device = device};
}

/// The record of one tensor that starts `misalignment` elements behind a 64-byte boundary.
template <class T>
TensorStats stats_of(Stream& stream, const std::vector<T>& values, std::int64_t misalignment = 0) {
  const GuardedBuffer<T> buffer(stream, std::span<const T>(values),
                                misalignment * static_cast<std::int64_t>(sizeof(T)));
  const TensorView view = view_of("values", buffer, stream.device());
  return tensor_records(stream, std::span(&view, 1))[0];
}

/// Normal values in T, of which about `zero_fraction` are zeros of either sign.
template <class T>
std::vector<T> normals(std::int64_t count, double scale = 1, double zero_fraction = 0) {
  std::mt19937_64 random(static_cast<std::uint64_t>(count) + 1);
  std::normal_distribution<double> normal(0.1, 1);
  std::uniform_real_distribution<double> uniform;
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    const double x = normal(random) * scale;
    value = stored<T>(uniform(random) < zero_fraction ? std::copysign(0.0, x) : x);
  }
  return values;
}

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
    for (const std::int64_t size : kSizes) {
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

TEST_P(TensorStatsTest, ATableWithoutTensorsHasAnEmptyRecordOfAll) {
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

// Tables.

TEST_P(TensorStatsTest, ATableOfManyKindsAgreesWithItsTensorsOneByOne) {
  std::vector<GuardedBuffer<float>> floats;
  std::vector<GuardedBuffer<double>> doubles;
  std::vector<TensorView> views;
  std::vector<TensorStats> expected;
  for (const std::int64_t size : {0, 3, 8192, 0, 20000, 1, 0}) {
    floats.emplace_back(stream(), std::span<const float>(normals<float>(size)));
    doubles.emplace_back(stream(), std::span<const double>(normals<double>(size, 1e200)));
  }
  for (std::size_t i = 0; i < floats.size(); ++i) {
    views.push_back(view_of("float", floats[i], stream().device()));
    views.push_back(view_of("double", doubles[i], stream().device()));
    expected.push_back(stats_of(stream(), floats[i].download()));
    expected.push_back(stats_of(stream(), doubles[i].download()));
  }
  std::vector<TensorStats> got = tensor_records(stream(), views);
  got.pop_back();  // Of all together.
  EXPECT_EQ(got, expected);
  for (const auto& buffer : floats) EXPECT_TRUE(buffer.guards_intact());
}

TEST_P(TensorStatsTest, FiveThousandTinyTensorsEachHaveTheirRecord) {
  const std::vector<float> values = normals<float>(60'000, 1, 0.3);
  const GuardedBuffer<float> buffer(stream(), std::span<const float>(values));
  std::vector<TensorView> views;
  for (std::int64_t i = 0; i < 5000; ++i) {
    TensorView view = view_of("tiny", buffer, stream().device());
    view.data = buffer.data() + 12 * i;
    view.count = i % 13;
    views.push_back(view);
  }
  const std::vector<TensorStats> got = tensor_records(stream(), views);
  for (std::int64_t i = 0; i < 5000; ++i) {
    SCOPED_TRACE(i);
    const auto begin = values.begin() + 12 * i;
    expect_stats(got[static_cast<std::size_t>(i)],
                 oracle(std::vector<float>(begin, begin + i % 13)));
  }
}

/// `sizes` tensors cut one after the other from `values`, of role gradient but for every third, and
/// the values of those that are gradients.
template <class T>
std::vector<T> cut(const GuardedBuffer<T>& buffer, const std::vector<T>& values,
                   std::span<const std::int64_t> sizes, DeviceType device,
                   std::vector<TensorView>& views) {
  std::vector<T> gradients;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    TensorView view = view_of("part", buffer, device);
    view.data = buffer.data() + begin;
    view.count = sizes[i];
    if (i % 3 == 2) view.role = Role::kWeight;
    views.push_back(view);
    const auto first = values.begin() + begin;
    if (view.role == Role::kGradient) gradients.insert(gradients.end(), first, first + sizes[i]);
    begin += sizes[i];
  }
  return gradients;
}

template <class T>
void expect_record_of_all_gradients(Stream& stream, const std::vector<T>& values,
                                    std::span<const std::int64_t> sizes) {
  const GuardedBuffer<T> buffer(stream, std::span<const T>(values));
  std::vector<TensorView> views;
  const std::vector<T> gradients = cut(buffer, values, sizes, stream.device(), views);
  expect_stats(tensor_records(stream, views).back(), oracle(gradients));
}

TEST_P(TensorStatsTest, APartThatIsNothingBesideAnotherAddsNothing) {
  std::vector<double> values(2 * TensorStatsLayout::kChunkElements, 1e-310);
  std::fill_n(values.begin(), TensorStatsLayout::kChunkElements, 0.0);
  values[0] = 1e308;
  values[1] = -1e308;
  const GuardedBuffer<double> buffer(stream(), std::span<const double>(values));
  const std::vector<TensorView> views = {view_of("values", buffer, stream().device())};
  EXPECT_LT(std::fabs(tensor_records(stream(), views).front().sum), 1e-300);
}

TEST_P(TensorStatsTest, TheLastRecordIsOfAllGradientsAndOfNothingElse) {
  // One chunk, several chunks, several nodes of chunks, and none at all.
  const std::int64_t sizes[] = {5, 0, 7, 8193, 20000, 3, 300'000, 1, 9000};
  std::vector<float> values = normals<float>(350'000, 1, 0.1);
  expect_record_of_all_gradients(stream(), values, sizes);
  values[8] = std::numeric_limits<float>::infinity();  // Of a weight.
  values[13] = std::numeric_limits<float>::quiet_NaN();
  values[40'000] = -std::numeric_limits<float>::infinity();
  expect_record_of_all_gradients(stream(), values, sizes);
}

TEST_P(TensorStatsTest, TheRecordOfAllGradientsHoldsAtFloat64sLimits) {
  const std::int64_t sizes[] = {100, 3, 50, 9000, 100};
  expect_record_of_all_gradients(stream(), normals<double>(9300, 1e200), sizes);
  std::vector<double> values = normals<double>(9300);
  for (std::size_t i = 0; i < 100; ++i) values[i] *= 1e250;
  expect_record_of_all_gradients(stream(), values, sizes);
  for (double& value : values) value *= 1e-300;
  expect_record_of_all_gradients(stream(), values, sizes);
}

TEST_P(TensorStatsTest, TheRecordOfAllGradientsHoldsWhereEachAloneJustFits) {
  const std::int64_t ones[] = {1, 1};
  expect_record_of_all_gradients(stream(), std::vector{1e154, 1e154}, ones);
  const std::int64_t twos[] = {2, 2};
  expect_record_of_all_gradients(stream(), std::vector{1e308, 1e308, -1e308, -1e308}, twos);
}

TEST_P(TensorStatsTest, TheRecordOfThousandsOfGradientsIsWhole) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < 3500; ++i) sizes.push_back(i % 13);
  expect_record_of_all_gradients(stream(), normals<float>(21'000, 1, 0.3), sizes);
  const std::int64_t one[] = {40};
  expect_record_of_all_gradients(stream(), normals<float>(40), one);
}

TEST_P(TensorStatsTest, WithoutAGradientTheRecordOfAllIsEmpty) {
  const GuardedBuffer<float> buffer(stream(), std::span<const float>(normals<float>(100)));
  TensorView view = view_of("weight", buffer, stream().device());
  view.role = Role::kWeight;
  EXPECT_EQ(tensor_records(stream(), std::span(&view, 1)).back(), TensorStats{});
}

TEST_P(TensorStatsTest, TheSameBitsOnEveryRun) {
  const std::vector<float> values = normals<float>((1 << 20) + 1);
  EXPECT_EQ(stats_of(stream(), values), stats_of(stream(), values));
}

TEST(TensorStats, EveryThreadCountGivesTheSameBits) {
  const std::vector<float> large = normals<float>((1 << 20) + 1);
  const std::vector<double> scaled = normals<double>(300'000, 1e200);
  const std::vector<float> small = normals<float>(100);
  const auto stats = [&](int threads) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    const GuardedBuffer<float> a(stream, std::span<const float>(large));
    const GuardedBuffer<double> b(stream, std::span<const double>(scaled));
    const GuardedBuffer<float> c(stream, std::span<const float>(small));
    const TensorView views[] = {view_of("a", a, DeviceType::kCpu),
                                view_of("b", b, DeviceType::kCpu),
                                view_of("c", c, DeviceType::kCpu)};
    return tensor_records(stream, views);
  };
  const std::vector<TensorStats> one = stats(1);
  EXPECT_EQ(one, stats(2));
  EXPECT_EQ(one, stats(3));
}

TEST(TensorStats, EveryThreadCountReadsATableWithEmptyTensors) {
  const std::int64_t sizes[] = {0, 0, 200'000, 0, 5, 0, 200'000, 0, 100, 200'000, 0, 0};
  const std::vector<float> values = normals<float>(600'105, 1, 0.1);
  const auto stats = [&](int threads) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    const GuardedBuffer<float> buffer(stream, std::span<const float>(values));
    std::vector<TensorView> views;
    cut(buffer, values, sizes, DeviceType::kCpu, views);
    return tensor_records(stream, views);
  };
  const std::vector<TensorStats> one = stats(1);
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    const auto first = values.begin() + begin;
    expect_stats(one[i], oracle(std::vector<float>(first, first + sizes[i])));
    begin += sizes[i];
  }
  EXPECT_EQ(one, stats(2));
  EXPECT_EQ(one, stats(3));
}

TEST_P(TensorStatsTest, AnEmptyTensorMayStartAnywhere) {
  // In a file, one of no elements lies wherever the one before it ends.
  const GuardedBuffer<float> buffer(stream(), 8);
  TensorView view = view_of("empty", buffer, stream().device());
  view.data = static_cast<const char*>(view.data) + 2;
  view.count = view.rows = view.cols = 0;
  EXPECT_EQ(tensor_records(stream(), std::span(&view, 1)).front(), TensorStats{});
}

// Errors.

TEST_P(TensorStatsTest, RefusesAViewItCannotReadAndNamesIt) {
  const GuardedBuffer<float> buffer(stream(), 8);
  const auto table_of = [&](auto change) {
    return [&, change] {
      TensorView view = view_of("dense_1/kernel", buffer, stream().device());
      change(view);
      const TensorStatsPlan plan(stream(), std::span(&view, 1));
    };
  };
  expect_invalid(table_of([](TensorView& view) { view.count = -3; }), {"dense_1/kernel", "-3"});
  expect_invalid(table_of([&](TensorView& view) {
                   view.device = stream().device() == DeviceType::kCuda ? DeviceType::kCpu
                                                                        : DeviceType::kCuda;
                 }),
                 {"dense_1/kernel", "cuda", name(stream().device())});
  expect_invalid(
      table_of([](TensorView& view) { view.data = static_cast<const char*>(view.data) + 2; }),
      {"dense_1/kernel", "multiple of its 4 bytes", "F32"});
}

TEST_P(TensorStatsTest, RefusesOutputThatDoesNotFitAndAnotherStream) {
  const GuardedBuffer<float> buffer(stream(), 9000);
  const TensorView view = view_of("kernel", buffer, stream().device());
  TensorStatsPlan plan(stream(), std::span(&view, 1));
  const Buffer memory(stream(), 2 * std::int64_t{sizeof(TensorStats)});
  auto* const out = static_cast<TensorStats*>(memory.data());
  expect_invalid(
      [&] {
        tensor_stats(stream(), plan, {out, 1});
      },
      {"tensor_stats", "1 records", "1 tensors", "needs 2"});
  expect_invalid([&] { tensor_stats(stream(), plan, {nullptr, 2}); }, {"tensor_stats", "out"});
  Stream other({.device = stream().device()});
  expect_invalid(
      [&] {
        tensor_stats(other, plan, {out, 2});
      },
      {"tensor_stats", "made for another stream"});
}

}  // namespace
}  // namespace gradvitals::test
