// Contract: kernels/stats/exponent_histogram.h. Oracle: a plain loop that takes each value's
// exponent from frexp() and looks for its bin among the edges. Tolerance: none, counts are exact.
#include "kernels/stats/exponent_histogram.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "tests/kernels/stats/tensor_stats_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/sim_schedules.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kHistogramSizes[] = {0,     1,     31,    32,    33,    255,
                                            256,   257,   1023,  1024,  1025,  9973,
                                            16383, 16384, 16385, 32767, 65537, 100003};

std::vector<ExponentHistogram> histograms_of(Stream& stream, std::span<const TensorView> views) {
  const GuardedBuffer<ExponentHistogram> out(stream, std::ssize(views));
  exponent_histogram(stream, {views, out.vector()});
  EXPECT_TRUE(out.guards_intact());
  return out.download();
}

template <class T>
ExponentHistogram histogram_of(Stream& stream, const std::vector<T>& values,
                               std::int64_t misalignment = 0) {
  const GuardedBuffer<T> buffer(stream, std::span<const T>(values),
                                misalignment * static_cast<std::int64_t>(sizeof(T)));
  const TensorView view = view_of("values", buffer, stream.device());
  return histograms_of(stream, std::span(&view, 1))[0];
}

/// floor(log2 |value|) of a finite value other than 0.
int exponent_by_frexp(double value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  return exponent - 1;
}

template <class T>
ExponentHistogram expected_histogram(const std::vector<T>& values) {
  ExponentHistogram expected;
  for (const T element : values) {
    const double value = value_of(element);
    if (std::isnan(value)) {
      ++expected.nan_count;
    } else if (std::isinf(value)) {
      ++(value > 0 ? expected.positive_inf_count : expected.negative_inf_count);
    } else if (value == 0) {
      ++expected.zero_count;
    } else {
      std::size_t bin = 0;
      for (int edge = -44; edge <= 16 && exponent_by_frexp(value) >= edge; edge += 2) ++bin;
      ++expected.bins.at(bin);
    }
  }
  return expected;
}

/// Bit patterns spread over all there are: every exponent, subnormals, NaN and infinities; and some
/// more of the special ones.
template <class T>
std::vector<T> any_patterns(std::int64_t count) {
  std::mt19937_64 random(static_cast<std::uint64_t>(count) + 5);
  const double special[] = {0.0, -0.0, HUGE_VAL, -HUGE_VAL, std::nan("")};
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) {
    if (random() % 8 == 0) {
      values.push_back(stored<T>(special[random() % std::size(special)]));
    } else if (random() % 2 == 0) {
      // Where bins are.
      const double fraction = 1.0 + static_cast<double>(random() % 4096) / 4096.0;
      const double value = std::ldexp(fraction, static_cast<int>(random() % 80) - 55);
      values.push_back(stored<T>(random() % 2 == 0 ? value : -value));
    } else if constexpr (std::is_same_v<T, double>) {
      values.push_back(std::bit_cast<double>(random()));
    } else if constexpr (std::is_same_v<T, float>) {
      values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    } else {
      values.push_back(T{static_cast<std::uint16_t>(random())});
    }
  }
  return values;
}

template <class Check>
void for_every_dtype(Check check) {
  check(float{});
  check(double{});
  check(Float16{});
  check(BFloat16{});
}

class ExponentHistogramTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, ExponentHistogramTest, all_devices(), device_name);

TEST_P(ExponentHistogramTest, EverySizeAndTypeAgreesWithTheOracle) {
  for_every_dtype([&](auto type) {
    using T = decltype(type);
    for (const std::int64_t size : kHistogramSizes) {
      SCOPED_TRACE(testing::Message() << name(kDTypeOf<T>) << " " << size);
      const std::vector<T> values = any_patterns<T>(size);
      const ExponentHistogram got = histogram_of(stream(), values);
      EXPECT_EQ(got, expected_histogram(values));
      EXPECT_EQ(got.count(), size);
    }
  });
}

template <class T>
void expect_every_half(Stream& stream) {
  std::vector<T> values;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    values.push_back(T{static_cast<std::uint16_t>(bits)});
  }
  EXPECT_EQ(histogram_of(stream, values), expected_histogram(values));
}

TEST_P(ExponentHistogramTest, EveryNumberThatSixteenBitsHoldIsInItsBin) {
  expect_every_half<Float16>(stream());
  expect_every_half<BFloat16>(stream());
}

template <class T>
std::size_t bin_of(Stream& stream, double value) {
  const ExponentHistogram got = histogram_of(stream, std::vector<T>{stored<T>(value)});
  EXPECT_EQ(got.count(), 1) << value;
  for (std::size_t bin = 0; bin < got.bins.size(); ++bin) {
    if (got.bins[bin] == 1) return bin;
  }
  return got.bins.size();
}

TEST_P(ExponentHistogramTest, ABinBeginsWithItsPowerOfTwoAndEndsBelowTheNext) {
  for (int bin = 1; bin < ExponentHistogram::kBins; ++bin) {
    const double edge = std::ldexp(1.0, ExponentHistogram::first_exponent(bin));
    const auto expected = static_cast<std::size_t>(bin);
    EXPECT_EQ(bin_of<double>(stream(), edge), expected);
    EXPECT_EQ(bin_of<double>(stream(), -edge), expected);
    EXPECT_EQ(bin_of<double>(stream(), std::nextafter(edge, 0.0)), expected - 1);
    const auto narrow = static_cast<float>(edge);
    EXPECT_EQ(bin_of<float>(stream(), narrow), expected);
    EXPECT_EQ(bin_of<float>(stream(), std::nextafter(narrow, 0.0f)), expected - 1);
  }
}

TEST_P(ExponentHistogramTest, TheLimitsOfFloat16AreEdges) {
  EXPECT_EQ(bin_of<Float16>(stream(), 65504.0), 30U) << "the largest";
  EXPECT_EQ(bin_of<float>(stream(), 65536.0), 31U) << "what it cannot hold";
  EXPECT_EQ(bin_of<Float16>(stream(), 0x1p-14), 16U) << "the smallest normal one";
  EXPECT_EQ(bin_of<Float16>(stream(), 0x1.ff8p-15), 15U) << "the largest subnormal one";
  EXPECT_EQ(bin_of<Float16>(stream(), 0x1p-24), 11U) << "the smallest of all";
}

TEST_P(ExponentHistogramTest, SubnormalsOfWideTypesAreInTheFirstBin) {
  EXPECT_EQ(bin_of<float>(stream(), 0x1p-149), 0U);
  EXPECT_EQ(bin_of<double>(stream(), 0x1p-1074), 0U);
  EXPECT_EQ(bin_of<BFloat16>(stream(), 0x1p-133), 0U);
}

TEST_P(ExponentHistogramTest, WhatIsNoNumberOrZeroIsCountedApartWhereverItStands) {
  for_every_dtype([&](auto type) {
    using T = decltype(type);
    for (const std::size_t place : {std::size_t{0}, std::size_t{20000}, std::size_t{39999}}) {
      std::vector<T> values(40000, stored<T>(1.0));
      const auto with = [&](double special) {
        values[place] = stored<T>(special);
        return histogram_of(stream(), values);
      };
      EXPECT_EQ(with(std::nan("")).nan_count, 1);
      EXPECT_EQ(with(HUGE_VAL).positive_inf_count, 1);
      EXPECT_EQ(with(-HUGE_VAL).negative_inf_count, 1);
      EXPECT_EQ(with(-0.0).zero_count, 1);
      EXPECT_EQ(with(0.0).bins[23], 39999);
    }
  });
}

TEST_P(ExponentHistogramTest, EveryStartGivesTheSameCounts) {
  for_every_dtype([&](auto type) {
    using T = decltype(type);
    const std::vector<T> values = any_patterns<T>(8300);
    const ExponentHistogram expected = expected_histogram(values);
    for (std::int64_t start = 1; start < 16; ++start) {
      EXPECT_EQ(histogram_of(stream(), values, start), expected) << start;
    }
  });
}

TEST_P(ExponentHistogramTest, ManyTensorsOfAnySizeAndTypeEachHaveTheirRecord) {
  // More than one launch takes, with those without elements or data first, last and between.
  std::vector<GuardedBuffer<float>> floats;
  std::vector<GuardedBuffer<Float16>> halves;
  std::vector<TensorView> views;
  std::vector<ExponentHistogram> expected;
  for (std::int64_t i = 0; i < 150; ++i) {
    const std::int64_t size = i % 7 == 0 || i == 149 ? 0 : i % 50 == 3 ? 20000 + i : 3 * i;
    if (i % 2 == 0) {
      const std::vector<float> values = any_patterns<float>(size);
      expected.push_back(expected_histogram(values));
      views.push_back(
          view_of("f", floats.emplace_back(stream(), std::span(values)), stream().device()));
    } else {
      const std::vector<Float16> values = any_patterns<Float16>(size);
      expected.push_back(expected_histogram(values));
      views.push_back(
          view_of("h", halves.emplace_back(stream(), std::span(values)), stream().device()));
    }
    if (i % 11 == 5) {
      views.back().data = nullptr;
      expected.back() = {};
    }
  }
  EXPECT_EQ(histograms_of(stream(), views), expected);
}

TEST_P(ExponentHistogramTest, NoTensorsAreNoWork) {
  exponent_histogram(stream(), {});
  EXPECT_TRUE(histograms_of(stream(), {}).empty());
}

TEST_P(ExponentHistogramTest, RefusesWhatDoesNotFitAndNamesTheView) {
  const GuardedBuffer<float> values(stream(), 4);
  const GuardedBuffer<ExponentHistogram> records(stream(), 2);
  const auto call = [&](auto change) {
    return [&, change] {
      std::vector<TensorView> views(2, view_of("dense/kernel", values, stream().device()));
      VectorView<ExponentHistogram> out = records.vector();
      change(views[1], out);
      exponent_histogram(stream(), {views, out});
    };
  };
  using Out = VectorView<ExponentHistogram>;
  expect_invalid(call([](TensorView& view, Out&) { view.count = -1; }),
                 {"exponent_histogram", "dense/kernel", "count -1"});
  expect_invalid(call([&](TensorView& view, Out&) {
                   view.device = stream().device().type == DeviceType::kCuda ? DeviceType::kCpu
                                                                             : DeviceType::kCuda;
                 }),
                 {"dense/kernel", "cuda", name(stream().device())});
  expect_invalid(
      call([](TensorView& view, Out&) { view.data = static_cast<const char*>(view.data) + 2; }),
      {"dense/kernel", "multiple of its 4 bytes"});
  expect_invalid(call([&](TensorView& view, Out&) { view.data = records.data(); }),
                 {"dense/kernel", "out", "share memory"});
  expect_invalid(call([](TensorView&, Out& out) { out.count = 1; }), {"1 records for 2 views"});
  expect_invalid(call([](TensorView&, Out& out) { out.data = nullptr; }), {"out", "no data"});
}

TEST(ExponentHistogram, EveryThreadCountGivesTheSameCounts) {
  const std::vector<float> values = any_patterns<float>(1000003);
  const ExponentHistogram expected = expected_histogram(values);
  for (const int threads : {1, 2, 3, 7}) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    EXPECT_EQ(histogram_of(stream, values), expected) << threads;
  }
}

TEST(SimExponentHistogram, EveryOrderOfBlocksAndThreadsGivesTheSameCounts) {
  Stream stream({.device = DeviceType::kSim});
  const std::vector<float> values = any_patterns<float>(40001);
  const ExponentHistogram expected = expected_histogram(values);
  for (const sim::Schedule& schedule : kSixSchedules) {
    EXPECT_EQ(in_schedule(schedule, [&] { return histogram_of(stream, values); }), expected)
        << static_cast<int>(schedule.order) << " " << schedule.seed;
  }
}

}  // namespace
}  // namespace gradvitals::test
