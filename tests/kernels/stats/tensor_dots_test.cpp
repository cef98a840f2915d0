// Contract: kernels/stats/tensor_dots.h. Oracle: a plain loop in long double over the values as stored.
// Tolerance: the contract's: kSumSquares, and kSumPerAbsoluteSum of the sum of magnitudes for dot.
#include "kernels/stats/tensor_dots.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "tests/kernels/stats/tensor_stats_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/sim_schedules.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kDotSizes[] = {
    0,    1,    31,   32,   33,   255,   256,   257,           1023,         1024,
    1025, 8191, 8192, 8193, 9973, 16384, 16385, (1 << 20) - 1, (1 << 20) + 1};

std::vector<TensorDots> dots_of(Stream& stream, std::span<const TensorPair> pairs) {
  const GuardedBuffer<TensorDots> out(stream, std::ssize(pairs));
  const GuardedBuffer<TensorDots> workspace(stream, tensor_dots_workspace(pairs));
  tensor_dots(stream, {pairs, out.vector(), workspace.vector()});
  EXPECT_TRUE(out.guards_intact());
  EXPECT_TRUE(workspace.guards_intact());
  return out.download();
}

template <class T>
TensorDots dots_of(Stream& stream, const std::vector<T>& x, const std::vector<T>& y,
                   std::int64_t x_start = 0, std::int64_t y_start = 0) {
  constexpr auto kSize = static_cast<std::int64_t>(sizeof(T));
  const GuardedBuffer<T> on_device_x(stream, std::span<const T>(x), x_start * kSize);
  const GuardedBuffer<T> on_device_y(stream, std::span<const T>(y), y_start * kSize);
  const TensorPair pair = {on_device_x.data(), on_device_y.data(), std::ssize(x), kDTypeOf<T>};
  return dots_of(stream, std::span(&pair, 1))[0];
}

template <class T>
std::vector<T> other_normals(std::int64_t count, double scale = 1) {
  std::mt19937_64 random(static_cast<std::uint64_t>(count) + 77);
  std::normal_distribution<double> normal(-0.2, 1);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = stored<T>(normal(random) * scale);
  return values;
}

template <class T>
void expect_dots(const TensorDots& got, const std::vector<T>& x, const std::vector<T>& y) {
  long double dot = 0;
  long double magnitudes = 0;
  long double x_squares = 0;
  long double y_squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto a = static_cast<long double>(value_of(x[i]));
    const auto b = static_cast<long double>(value_of(y[i]));
    dot += a * b;
    magnitudes += std::fabs(a * b);
    x_squares += a * a;
    y_squares += b * b;
  }
  expect_close(got.dot, static_cast<double>(dot),
               {.absolute = kSumPerAbsoluteSum * static_cast<double>(magnitudes), .relative = 0});
  expect_close(got.x_sum_squares, static_cast<double>(x_squares), kSumSquares);
  expect_close(got.y_sum_squares, static_cast<double>(y_squares), kSumSquares);
}

template <class Check>
void for_each_type(Check check) {
  check(float{});
  check(double{});
  check(Float16{});
  check(BFloat16{});
}

class TensorDotsTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, TensorDotsTest, all_devices(), device_name);

TEST_P(TensorDotsTest, EverySizeAndTypeAgreesWithTheOracle) {
  for_each_type([&](auto type) {
    using T = decltype(type);
    for (const std::int64_t size : kDotSizes) {
      SCOPED_TRACE(testing::Message() << name(kDTypeOf<T>) << " " << size);
      const std::vector<T> x = normals<T>(size);
      const std::vector<T> y = other_normals<T>(size);
      expect_dots(dots_of(stream(), x, y), x, y);
    }
  });
}

TEST_P(TensorDotsTest, EveryPairOfStartsGivesTheSameBits) {
  for_each_type([&](auto type) {
    using T = decltype(type);
    const std::vector<T> x = normals<T>(8300);
    const std::vector<T> y = other_normals<T>(8300);
    const TensorDots expected = dots_of(stream(), x, y);
    for (std::int64_t start = 1; start < 8; ++start) {
      EXPECT_EQ(dots_of(stream(), x, y, start, 9 - start), expected) << start;
      EXPECT_EQ(dots_of(stream(), x, y, 0, start), expected) << start;
    }
  });
}

TEST_P(TensorDotsTest, SumsStayAccurateOverManyEqualElements) {
  // All the same, so that every rounding goes one way. On sim fewer: it takes seconds for each 2^22.
  const std::int64_t count = (std::int64_t{1} << (GetParam() == DeviceType::kSim ? 20 : 25)) + 5;
  const std::vector<float> x(static_cast<std::size_t>(count), 0.1f);
  const std::vector<float> y(static_cast<std::size_t>(count), -0.7f);
  expect_dots(dots_of(stream(), x, y), x, y);
}

TEST_P(TensorDotsTest, ProductsOfFloat32NeitherOverflowNorVanish) {
  for (const double scale : {1e37, 1e-37, 1e-44}) {
    SCOPED_TRACE(scale);
    const std::vector<float> x = normals<float>(9000, scale);
    const std::vector<float> y = other_normals<float>(9000, scale);
    const TensorDots got = dots_of(stream(), x, y);
    expect_dots(got, x, y);
    EXPECT_TRUE(std::isnormal(got.dot));
  }
}

TEST_P(TensorDotsTest, ManyPairsOfAnySizeAndTypeEachHaveTheirRecord) {
  // More than one launch takes, with empty pairs first, last and between.
  std::vector<GuardedBuffer<float>> floats;
  std::vector<GuardedBuffer<Float16>> halves;
  std::vector<TensorPair> pairs;
  std::vector<TensorDots> alone;
  for (std::int64_t i = 0; i < 150; ++i) {
    const std::int64_t size = i % 7 == 0 || i == 149 ? 0 : i % 50 == 3 ? 20000 + i : 3 * i;
    if (i % 2 == 0) {
      const std::vector<float> x = normals<float>(size);
      const std::vector<float> y = other_normals<float>(size);
      const float* const at_x = floats.emplace_back(stream(), std::span(x)).data();
      pairs.push_back({at_x, floats.emplace_back(stream(), std::span(y)).data(), size});
      alone.push_back(dots_of(stream(), x, y));
    } else {
      const std::vector<Float16> x = normals<Float16>(size);
      const std::vector<Float16> y = other_normals<Float16>(size);
      const Float16* const at_x = halves.emplace_back(stream(), std::span(x)).data();
      pairs.push_back(
          {at_x, halves.emplace_back(stream(), std::span(y)).data(), size, DType::kFloat16});
      alone.push_back(dots_of(stream(), x, y));
    }
  }
  EXPECT_EQ(dots_of(stream(), pairs), alone);
}

TEST_P(TensorDotsTest, NoPairsAreNoWork) {
  tensor_dots(stream(), {});
  EXPECT_TRUE(dots_of(stream(), std::span<const TensorPair>{}).empty());
}

TEST_P(TensorDotsTest, APairWithoutElementsNeedsNoDataAndHasZeros) {
  const TensorPair pair = {nullptr, nullptr, 0, DType::kFloat32};
  EXPECT_EQ(dots_of(stream(), std::span(&pair, 1)), std::vector{TensorDots{}});
}

TEST_P(TensorDotsTest, ATensorWithItselfHasItsSquaresThreeTimes) {
  const std::vector<float> x = normals<float>(9999);
  const GuardedBuffer<float> values(stream(), std::span(x));
  const TensorPair pair = {values.data(), values.data(), 9999, DType::kFloat32};
  const TensorDots got = dots_of(stream(), std::span(&pair, 1))[0];
  EXPECT_EQ(got.dot, got.x_sum_squares);
  EXPECT_EQ(got.dot, got.y_sum_squares);
}

TEST_P(TensorDotsTest, WhatIsNotFiniteMakesItsSumsNanWhereverItStands) {
  for_each_type([&](auto type) {
    using T = decltype(type);
    for (const std::size_t size : {std::size_t{1}, std::size_t{33}, std::size_t{8200}}) {
      for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
        for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
          SCOPED_TRACE(testing::Message()
                       << name(kDTypeOf<T>) << " " << value << " at " << place << " of " << size);
          const std::vector<T> healthy = normals<T>(static_cast<std::int64_t>(size));
          std::vector<T> broken = healthy;
          broken[place] = stored<T>(value);
          const TensorDots in_x = dots_of(stream(), broken, healthy);
          EXPECT_TRUE(std::isnan(in_x.dot));
          EXPECT_TRUE(std::isnan(in_x.x_sum_squares));
          EXPECT_TRUE(in_x.y_sum_squares > 0);
          const TensorDots in_y = dots_of(stream(), healthy, broken);
          EXPECT_TRUE(std::isnan(in_y.dot));
          EXPECT_TRUE(in_y.x_sum_squares > 0);
          EXPECT_TRUE(std::isnan(in_y.y_sum_squares));
        }
      }
    }
  });
}

TEST_P(TensorDotsTest, SquaresBeyondFloat64AreNan) {
  const TensorDots got =
      dots_of(stream(), std::vector<double>{1e200, 1.0}, std::vector<double>{1e-200, 1.0});
  EXPECT_TRUE(std::isnan(got.dot));
  EXPECT_TRUE(std::isnan(got.x_sum_squares));
  EXPECT_EQ(got.y_sum_squares, 1.0);
}

TEST_P(TensorDotsTest, RefusesWhatDoesNotFitAndNamesThePair) {
  const GuardedBuffer<float> values(stream(), 4);
  const GuardedBuffer<TensorDots> records(stream(), 4);
  const auto call = [&](TensorPair pair, auto change) {
    return [&, pair, change] {
      const std::vector<TensorPair> pairs = {{values.data(), values.data(), 4}, pair};
      TensorDotsPass pass{pairs, {records.data(), 2}, {records.data() + 2, 2}};
      change(pass);
      tensor_dots(stream(), pass);
    };
  };
  const auto as_it_is = [](TensorDotsPass&) {};
  const TensorPair good = {values.data(), values.data(), 4, DType::kFloat32};
  const void* const odd = reinterpret_cast<const char*>(values.data()) + 2;
  expect_invalid(call({values.data(), nullptr, 4, DType::kFloat32}, as_it_is),
                 {"tensor_dots", "pair 1", "no data"});
  expect_invalid(call({values.data(), odd, 3, DType::kFloat32}, as_it_is),
                 {"pair 1", "multiple of its 4 bytes"});
  expect_invalid(call({values.data(), values.data(), -1, DType::kFloat32}, as_it_is),
                 {"pair 1", "count -1"});
  expect_invalid(call(good, [](TensorDotsPass& pass) { pass.out.count = 1; }),
                 {"out", "1 records, not 2"});
  expect_invalid(call(good, [](TensorDotsPass& pass) { pass.workspace.count = 3; }),
                 {"workspace", "3 records, not 2"});
  expect_invalid(call(good, [](TensorDotsPass& pass) { pass.workspace.data = pass.out.data; }),
                 {"share memory"});
  const auto sharing = [&](TensorPair& pair, const void* memory) {
    return call(pair, [memory](TensorDotsPass& pass) {
      pass.out.data = static_cast<TensorDots*>(const_cast<void*>(memory));
    });
  };
  TensorPair large = {records.data(), values.data(), 4, DType::kFloat32};
  expect_invalid(sharing(large, records.data()), {"out", "x of a pair", "share memory"});
  large = {values.data(), records.data() + 3, 4, DType::kFloat32};
  expect_invalid(call(large, as_it_is), {"workspace", "y of a pair", "share memory"});
}

TEST(TensorDots, EveryThreadCountGivesTheSameBits) {
  const std::vector<float> x = normals<float>(1000003);
  const std::vector<float> y = other_normals<float>(1000003);
  const auto records = [&](int threads) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    return dots_of(stream, x, y);
  };
  const TensorDots expected = records(1);
  for (const int threads : {2, 3, 7}) EXPECT_EQ(records(threads), expected) << threads;
}

TEST(TensorDots, EveryInstructionSetGivesTheSameBits) {
  if (instruction_sets().size() < 2) GTEST_SKIP() << "this CPU has one instruction set";
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  for_each_type([&](auto type) {
    using T = decltype(type);
    const std::vector<T> x = normals<T>(8211);
    const std::vector<T> y = other_normals<T>(8211);
    const TensorDots expected = dots_of(stream, x, y);
    for (const std::int64_t target : instruction_sets()) {
      dispatch_to(target);
      EXPECT_EQ(dots_of(stream, x, y), expected) << hwy::TargetName(target);
    }
    dispatch_to(0);
  });
}

TEST(SimTensorDots, EveryOrderOfBlocksAndThreadsGivesTheSameBits) {
  Stream stream({.device = DeviceType::kSim});
  const std::vector<float> x = normals<float>(40001);
  const std::vector<float> y = other_normals<float>(40001);
  const TensorDots expected = dots_of(stream, x, y);
  for (const sim::Schedule& schedule : kSixSchedules) {
    EXPECT_EQ(in_schedule(schedule, [&] { return dots_of(stream, x, y); }), expected)
        << static_cast<int>(schedule.order) << " " << schedule.seed;
  }
}

}  // namespace
}  // namespace gradvitals::test
