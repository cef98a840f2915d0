// Contract: kernels/ops/random.h. Oracles: the known answers of Random123; exact arithmetic in double
// for uniforms; the normal distribution function in long double. Tolerances: exact for bits and
// uniforms, kNormalQuantile, and five standard errors for statistics.
#include "kernels/ops/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/ops/normal.h"
#include "kernels/ops/philox.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

constexpr RandomKey kKey{.seed = 42, .sequence = 7};
constexpr std::int64_t kMillion = 1'000'000;

// The product inlines these wherever they are called; once is enough here.
[[gnu::noinline]] std::uint32_t word_at(std::size_t index) {
  return random_block(kKey, index / 4).word[index % 4];
}
[[gnu::noinline]] float normal_of(std::uint32_t word) {
  return standard_normal(word);
}

template <class T, class Fill>
std::vector<T> filled(Stream& stream, std::int64_t count, Fill fill) {
  GuardedBuffer<T> out(stream, count, static_cast<std::int64_t>(sizeof(T)));
  fill(out.vector());
  EXPECT_TRUE(out.guards_intact()) << count << " elements";
  return out.download();
}

std::vector<std::uint32_t> bits(Stream& stream, RandomKey key, std::int64_t count) {
  return filled<std::uint32_t>(stream, count,
                               [&](auto out) { fill_bits(stream, {.key = key, .out = out}); });
}

template <class T>
std::vector<T> uniforms(Stream& stream, RandomKey key, std::int64_t count, double low = 0,
                        double high = 1) {
  return filled<T>(stream, count, [&](auto out) {
    fill_uniform<T>(stream, {.key = key, .out = out, .low = low, .high = high});
  });
}

template <class T>
std::vector<T> normals(Stream& stream, RandomKey key, std::int64_t count, double mean = 0,
                       double stddev = 1) {
  return filled<T>(stream, count, [&](auto out) {
    fill_normal<T>(stream, {.key = key, .out = out, .mean = mean, .stddev = stddev});
  });
}

/// Phi(x), exact to long double in the lower tail.
long double normal_cdf(long double x) {
  return 0.5L * std::erfc(-x / std::sqrt(2.0L));
}

/// The n-th power's mean, in long double.
template <class T>
double moment(const std::vector<T>& values, int n) {
  long double sum = 0;
  for (const T value : values) {
    long double power = 1;
    for (int i = 0; i < n; ++i) power *= value;
    sum += power;
  }
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum / static_cast<double>(a.size());
}

/// The Kolmogorov-Smirnov distance times sqrt(n).
template <class Cdf>
double kolmogorov_smirnov(std::vector<float> values, Cdf cdf) {
  std::ranges::sort(values);
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]);
    distance =
        std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

class RandomTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, RandomTest, all_devices(), device_name);

// Known answers: file kat_vectors of Random123, "philox4x32 10".

TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  struct {
    PhiloxBlock counter;
    std::uint32_t key[2];
    PhiloxBlock expected;
  } const answers[] = {
      {{{0, 0, 0, 0}}, {0, 0}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
       {0xffffffff, 0xffffffff},
       {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       {0xa4093822, 0x299f31d0},
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  for (const auto& answer : answers) {
    const PhiloxBlock got = philox4x32(answer.counter, answer.key[0], answer.key[1]);
    EXPECT_TRUE(std::ranges::equal(got.word, answer.expected.word));
  }
}

TEST(Philox, BlockSequenceAndSeedAreCounterAndKeyLowWordsFirst) {
  const RandomKey key{.seed = 0x299f31d0'a4093822, .sequence = 0x03707344'13198a2e};
  const PhiloxBlock got = random_block(key, 0x85a308d3'243f6a88);
  const std::uint32_t expected[] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
  EXPECT_TRUE(std::ranges::equal(got.word, expected));
}

TEST_P(RandomTest, BitsAreTheKnownAnswersInOrder) {
  const std::vector<std::uint32_t> got = bits(stream(), {}, 6);
  // Counters 0 and 1 of key 0; the second by an independent implementation in Python.
  EXPECT_EQ(got, (std::vector<std::uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8,
                                             0xf8e4cca4, 0x5cb200db}));
}

TEST_P(RandomTest, AnElementDependsOnItsIndexAloneForEveryCount) {
  const std::vector<std::uint32_t> all = bits(stream(), kKey, (1 << 20) + 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i], word_at(i)) << "index " << i;
  }
  for (const std::int64_t count : {0, 1, 2, 3, 4, 5, 31, 32, 33, 1023, 16383, 16385, 99991}) {
    const std::vector<std::uint32_t> some = bits(stream(), kKey, count);
    ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << count << " elements";
  }
}

TEST(Random, EveryThreadCountGivesTheSameBits) {
  Stream one({.device = DeviceType::kCpu, .threads = 1});
  const std::int64_t count = (1 << 18) + 3;
  for (const int threads : {2, 3}) {
    Stream many({.device = DeviceType::kCpu, .threads = threads});
    EXPECT_EQ(bits(one, kKey, count), bits(many, kKey, count));
    EXPECT_EQ(uniforms<float>(one, kKey, count), uniforms<float>(many, kKey, count));
    EXPECT_EQ(uniforms<double>(one, kKey, count), uniforms<double>(many, kKey, count));
    EXPECT_EQ(normals<float>(one, kKey, count), normals<float>(many, kKey, count));
  }
}

TEST_P(RandomTest, UniformsAreTheUpperBitsAsMultiplesOfTheirStep) {
  const std::vector<std::uint32_t> words = bits(stream(), kKey, 1000);
  const std::vector<float> narrow = uniforms<float>(stream(), kKey, 1000);
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    ASSERT_EQ(narrow[i], std::ldexp(static_cast<double>(words[i] / 256), -24)) << "index " << i;
  }
}

TEST_P(RandomTest, UniformsStayWithinTheirBoundsAndFillThem) {
  const std::vector<float> values = uniforms<float>(stream(), kKey, kMillion, -3.0, 5.0);
  const auto [least, most] = std::ranges::minmax(values);
  EXPECT_GE(least, -3.0f);
  EXPECT_LE(most, 5.0f);
  EXPECT_LT(least, -2.9999f);
  EXPECT_GT(most, 4.9999f);
  EXPECT_LT(kolmogorov_smirnov(values, [](double x) { return (x + 3) / 8; }), kKolmogorovSmirnov);
}

TEST_P(RandomTest, ABoundTwiceGivesThatBound) {
  for (const float value : uniforms<float>(stream(), kKey, 9, 0.1, 0.1)) EXPECT_EQ(value, 0.1f);
}

TEST(Random, Float64UniformsUseTwoWordsEach) {
  Stream stream({.device = DeviceType::kCpu, .threads = 2});
  const std::vector<std::uint32_t> words = bits(stream, kKey, 2000);
  const std::vector<double> wide = uniforms<double>(stream, kKey, 999);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    const double expected = std::ldexp(static_cast<double>(words[2 * i]), -32) +
                            std::ldexp(static_cast<double>(words[2 * i + 1] >> 11), -53);
    ASSERT_EQ(wide[i], expected) << "index " << i;
  }
}

// Normals.

TEST(StandardNormal, IsTheQuantileOfItsWord) {
  const auto check = [](std::uint32_t word) {
    // In the lower tail, where the distribution function is exact; Newton's step is the error.
    const std::uint32_t lower = std::min(word, ~word);
    const long double got = word == lower ? normal_of(word) : -normal_of(word);
    const long double p = (static_cast<long double>(lower) + 0.5L) * 0x1p-32L;
    const long double density = std::exp(-0.5L * got * got) / std::sqrt(2 * std::acos(-1.0L));
    const auto quantile = static_cast<double>(got - (normal_cdf(got) - p) / density);
    ASSERT_TRUE(compare(static_cast<double>(got), quantile, kNormalQuantile)) << "word " << word;
  };
  constexpr std::uint32_t kHalf = 0x80000000;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    check(i);              // Both ends,
    check(~i);             //
    check(kHalf + i);      // the middle,
    check(kHalf - 1 - i);  //
    check(i * 42'949);     // and everywhere.
  }
}

TEST(StandardNormal, IsSymmetricAndEndsAt6Point34) {
  for (std::uint32_t word = 0; word < 1'000'000; word += 7) {
    ASSERT_EQ(normal_of(word), -normal_of(~word));
  }
  EXPECT_NEAR(normal_of(0), -6.338, 0.001);
}

TEST_P(RandomTest, NormalsHaveTheSameBitsOnEveryDeviceAndInstructionSet) {
  const std::vector<float> values = normals<float>(stream(), kKey, kMillion);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t word = word_at(i);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]),
              std::bit_cast<std::uint32_t>(normal_of(word)))
        << "index " << i;
  }
  const std::vector<float> first(values.begin(), values.begin() + 4);
  EXPECT_EQ(first, (std::vector<float>{-0x1.e7348cp-3f, 0x1.420fdep+0f, -0x1.89898ap-3f,
                                       -0x1.b7c3bep-2f}));
}

TEST_P(RandomTest, NormalsHaveTheMomentsOfN01) {
  const std::vector<float> values = normals<float>(stream(), kKey, kMillion);
  const double unit = kStandardErrors / std::sqrt(static_cast<double>(kMillion));
  EXPECT_TRUE(compare(moment(values, 1), 0, {.absolute = unit}));
  EXPECT_TRUE(compare(moment(values, 2), 1, {.absolute = unit * std::sqrt(2.0)}));
  EXPECT_TRUE(compare(moment(values, 3), 0, {.absolute = unit * std::sqrt(15.0)}));
  EXPECT_TRUE(compare(moment(values, 4), 3, {.absolute = unit * std::sqrt(96.0)}));
}

TEST_P(RandomTest, NormalsFollowTheDistributionFunction) {
  const double distance =
      kolmogorov_smirnov(normals<float>(stream(), kKey, kMillion),
                         [](double x) { return static_cast<double>(normal_cdf(x)); });
  EXPECT_LT(distance, kKolmogorovSmirnov);
}

TEST_P(RandomTest, NormalsHaveTheirTails) {
  constexpr std::int64_t kCount = 4 * kMillion;
  const std::vector<float> values = normals<float>(stream(), {.seed = 3}, kCount);
  for (const double limit : {3.0, 4.0, 5.0}) {
    const double expected = static_cast<double>(2 * kCount * normal_cdf(-limit));
    const auto above =
        std::ranges::count_if(values, [=](float value) { return std::fabs(value) > limit; });
    EXPECT_TRUE(compare(static_cast<double>(above), expected,
                        {.absolute = kStandardErrors * std::sqrt(expected)}))
        << "beyond " << limit;
  }
}

TEST_P(RandomTest, SequencesSeedsAndNeighboursAreUncorrelated) {
  const std::vector<float> values = normals<float>(stream(), kKey, kMillion);
  const double limit = kStandardErrors / std::sqrt(static_cast<double>(kMillion));
  const auto uncorrelated = [&](const std::vector<float>& other) {
    return compare(correlation(values, other), 0, {.absolute = limit});
  };
  EXPECT_TRUE(uncorrelated(normals<float>(stream(), {.seed = 42, .sequence = 8}, kMillion)));
  EXPECT_TRUE(uncorrelated(normals<float>(stream(), {.seed = 43, .sequence = 7}, kMillion)));
  for (const int lag : {1, 2, 3, 4, 64}) {
    std::vector<float> shifted = values;
    std::ranges::rotate(shifted, shifted.begin() + lag);
    EXPECT_TRUE(uncorrelated(shifted)) << "lag " << lag;
  }
}

TEST_P(RandomTest, MeanAndStddevShiftAndScaleWithOneRounding) {
  const std::vector<float> standard = normals<float>(stream(), kKey, 1000);
  const std::vector<float> values = normals<float>(stream(), kKey, 1000, -2.0, 0.5);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], static_cast<float>(0.5 * static_cast<double>(standard[i]) - 2.0));
  }
  for (const float value : normals<float>(stream(), kKey, 9, 1.5, 0.0)) EXPECT_EQ(value, 1.5f);
}

TEST(Random, Float64NormalsAreTheFloat32OnesWidened) {
  Stream stream({.device = DeviceType::kCpu, .threads = 2});
  const std::vector<float> narrow = normals<float>(stream, kKey, 1001, 0.1, 0.3);
  EXPECT_EQ(normals<double>(stream, kKey, 1001, 0.1, 0.3),
            std::vector<double>(narrow.begin(), narrow.end()));
}

// Errors.

TEST_P(RandomTest, RefusesWhatHasNoMeaningAndNamesIt) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  GuardedBuffer<float> out(stream(), 4);
  const auto uniform = [&](double low, double high) {
    return [&, low, high] {
      fill_uniform<float>(stream(), {.key = {}, .out = out.vector(), .low = low, .high = high});
    };
  };
  const auto normal = [&](double mean, double stddev) {
    return [&, mean, stddev] {
      fill_normal<float>(stream(),
                         {.key = {}, .out = out.vector(), .mean = mean, .stddev = stddev});
    };
  };
  expect_invalid(uniform(1, 0), {"fill_uniform", "low 1", "high 0"});
  expect_invalid(uniform(kNan, 0), {"fill_uniform", "low nan"});
  expect_invalid(uniform(0, kInf), {"fill_uniform", "high inf"});
  expect_invalid(uniform(0, 1e39), {"fill_uniform", "high 1e+39", "F32"});
  expect_invalid(uniform(-3e38, 3e38), {"fill_uniform", "high - low"});
  expect_invalid(normal(kNan, 1), {"fill_normal", "mean nan"});
  expect_invalid(normal(0, kInf), {"fill_normal", "stddev inf"});
  expect_invalid(normal(0, -1), {"fill_normal", "stddev -1"});
  expect_invalid(
      [&] {
        fill_bits(stream(), {.key = {}, .out = {nullptr, 3}});
      },
      {"fill_bits", "out (3,)"});
  expect_invalid(
      [&] {
        fill_normal<float>(stream(), {.key = {}, .out = {out.data(), -1}});
      },
      {"fill_normal", "out"});
  EXPECT_TRUE(std::isnan(out.download()[0])) << "nothing was written";
}

}  // namespace
}  // namespace gradvitals::test
