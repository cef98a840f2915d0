// Contract: kernels/ops/dropout.h. Oracle: the words of fill_bits() against the threshold, which
// have their own test; equality is exact, for one product is one rounding.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "kernels/ops/dropout.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/sim_schedules.h"

namespace gradvitals::test {
namespace {

constexpr RandomKey kKey{.seed = 42, .sequence = 7};
constexpr std::int64_t kDropoutSizes[] = {0, 1, 3, 4, 5, 31, 1023, 1024, 1025, 70001};

/// The masks numbered 0, 1, ... that the device makes.
class Masks {
 public:
  explicit Masks(Stream& stream, RandomKey key = kKey) : stream_(stream), key_(key) {
    fill_zero(stream, counter_.data(), sizeof(std::uint64_t));
  }
  VectorView<const RandomKey> next() {
    next_mask(stream_, {.key = key_, .counter = counter_.vector(), .mask = mask_.vector()});
    return mask_.vector();
  }
  RandomKey key_of_next() {
    next();
    return mask_.download()[0];
  }

 private:
  Stream& stream_;
  RandomKey key_;
  GuardedBuffer<std::uint64_t> counter_{stream_, 1};
  GuardedBuffer<RandomKey> mask_{stream_, 1};
};

template <class T>
std::vector<T> ramp(std::int64_t count) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<T>(0.1 * static_cast<double>(i % 97) - 3));
  return values;
}

template <class T>
std::vector<T> masked(Stream& stream, VectorView<const RandomKey> mask, double rate,
                      const std::vector<T>& x) {
  const GuardedBuffer<T> in(stream, x);
  const GuardedBuffer<T> out(stream, in.count());
  apply_mask(stream, ApplyMask<T>{mask, rate, in.vector(), out.vector()});
  EXPECT_TRUE(out.guards_intact());
  return out.download();
}

template <class T>
std::vector<T> expected(Stream& stream, RandomKey mask, double rate, const std::vector<T>& x) {
  const GuardedBuffer<std::uint32_t> words(stream, std::ssize(x));
  fill_bits(stream, {.key = mask, .out = words.vector()});
  const std::vector<std::uint32_t> bits = words.download();
  std::vector<T> y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool is_kept = bits[i] >= rate * std::ldexp(1.0, 32);
    y.push_back(x[i] * (is_kept ? static_cast<T>(1 / (1 - rate)) : T{0}));
  }
  return y;
}

class DropoutTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, DropoutTest, all_devices(), device_name);

TEST_P(DropoutTest, KeepsWhatTheWordsOfTheMaskSay) {
  Masks masks(stream());
  const RandomKey key = masks.key_of_next();
  Masks same(stream());
  const auto mask = same.next();
  for (const std::int64_t size : kDropoutSizes) {
    for (const double rate : {0.0, 0.25, 0.5, 0.9}) {
      const std::vector<float> x = ramp<float>(size);
      EXPECT_EQ(masked(stream(), mask, rate, x), expected(stream(), key, rate, x))
          << size << " " << rate;
    }
  }
}

TEST_P(DropoutTest, DropsAboutTheRateAndKeepsTheMean) {
  constexpr std::int64_t kCount = 100000;
  Masks masks(stream());
  for (const double rate : {0.1, 0.5, 0.8}) {
    const std::vector<float> y = masked(stream(), masks.next(), rate, std::vector(kCount, 1.0f));
    const double dropped = static_cast<double>(std::ranges::count(y, 0.0f)) / kCount;
    // Five standard deviations of a binomial; the masks are fixed, so that this never flickers.
    EXPECT_NEAR(dropped, rate, 5 * std::sqrt(rate * (1 - rate) / kCount));
  }
}

TEST_P(DropoutTest, EveryStepAndEveryKeyHasAMaskOfItsOwn) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  for (const RandomKey key : {kKey, RandomKey{43, 7}, RandomKey{42, 8}}) {
    Masks masks(stream(), key);
    for (int step = 0; step < 20; ++step) {
      const RandomKey mask = masks.key_of_next();
      seen.insert({mask.seed, mask.sequence});
    }
  }
  EXPECT_EQ(seen.size(), 60u);
}

TEST_P(DropoutTest, MasksAreTheSameOnEveryDevice) {
  Stream cpu({.device = DeviceType::kCpu, .threads = 1});
  Masks masks(stream());
  Masks masks_of_cpu(cpu);
  const std::vector<float> x = ramp<float>(5000);
  for (int step = 0; step < 3; ++step) {
    EXPECT_EQ(masked(stream(), masks.next(), 0.3, x), masked(cpu, masks_of_cpu.next(), 0.3, x));
  }
}

TEST_P(DropoutTest, WorksInPlace) {
  Masks masks(stream());
  const auto mask = masks.next();
  const std::vector<float> x = ramp<float>(1001);
  const GuardedBuffer<float> both(stream(), x);
  apply_mask(stream(), ApplyMask<float>{mask, 0.4, both.vector(), both.vector()});
  EXPECT_EQ(both.download(), masked(stream(), mask, 0.4, x));
}

TEST_P(DropoutTest, NoMaskHidesNan) {
  Masks masks(stream());
  for (const float y : masked(stream(), masks.next(), 0.5,
                              std::vector(64, std::numeric_limits<float>::quiet_NaN()))) {
    EXPECT_TRUE(std::isnan(y));
  }
}

TEST_P(DropoutTest, RefusesWhatDoesNotFit) {
  Masks masks(stream());
  const auto mask = masks.next();
  const GuardedBuffer<float> five(stream(), 5);
  const GuardedBuffer<float> six(stream(), 6);
  const auto apply = [&](ApplyMask<float> op) { return [this, op] { apply_mask(stream(), op); }; };
  expect_invalid(apply({mask, 0.5, five.vector(), six.vector()}),
                 {"apply_mask", "x (5,)", "y (6,)"});
  expect_invalid(apply({{mask.data, 2}, 0.5, five.vector(), five.vector()}),
                 {"mask (2,)", "not one element"});
  expect_invalid(apply({{}, 0.5, five.vector(), five.vector()}), {"mask"});
  for (const double rate : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    expect_invalid(apply({mask, rate, five.vector(), five.vector()}), {"apply_mask", "rate"});
  }
  const VectorView<float> six_view = six.vector();
  expect_invalid(apply({mask, 0.5, {six_view.data, 5}, {six_view.data + 1, 5}}),
                 {"x", "y", "share memory"});
  expect_invalid([&] { next_mask(stream(), {.key = kKey}); }, {"next_mask", "counter"});
}

TEST(Dropout, DoublesFollowTheSameMask) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  Masks masks(stream);
  const RandomKey key = masks.key_of_next();
  Masks same(stream);
  const std::vector<double> x = ramp<double>(1001);
  EXPECT_EQ(masked(stream, same.next(), 0.3, x), expected(stream, key, 0.3, x));
}

TEST(Dropout, ThreadCountsDoNotShow) {
  std::vector<std::vector<float>> outputs;
  for (const int threads : {1, 2, 3}) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    Masks masks(stream);
    outputs.push_back(masked(stream, masks.next(), 0.5, ramp<float>(100003)));
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(outputs[0], outputs[2]);
}

TEST(Dropout, GivesTheSameBitsInEverySchedule) {
  const auto run = [] {
    Stream stream({.device = DeviceType::kSim});
    Masks masks(stream);
    masks.next();
    return masked(stream, masks.next(), 0.5, ramp<float>(5001));
  };
  const auto first = in_schedule(kSixSchedules[0], run);
  for (const sim::Schedule& schedule : kSixSchedules) EXPECT_EQ(in_schedule(schedule, run), first);
}

}  // namespace
}  // namespace gradvitals::test
