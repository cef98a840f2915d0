// Contract: framework/initializers.h. Oracle: the moments and bounds of the distributions, over 256
// x 512 values: the mean of n values of standard deviation s lies within 5 s / sqrt(n) of the
// truth, their standard deviation within 5 s sqrt(k / 4n) for a kurtosis excess of k - 1 <= 2
// (both: once in 10^6).
#include "framework/initializers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kIn = 256;
constexpr std::int64_t kOut = 512;

struct Case {
  std::string name;
  Initializer initializer;
  double mean;
  double stddev;
  double low;   ///< No value below,
  double high;  ///< none above, and some within 2 % of the range of each.
};

Case uniform(std::string name, Initializer initializer, double limit) {
  return {std::move(name), initializer, 0.0, limit / std::sqrt(3.0), -limit, limit};
}

Case truncated(std::string name, Initializer initializer, double stddev) {
  const double limit = 2 * stddev / 0.87962566103423978;
  return {std::move(name), initializer, 0.0, stddev, -limit, limit};
}

std::vector<Case> cases() {
  return {uniform("glorot_uniform", GlorotUniform{}, std::sqrt(6.0 / (kIn + kOut))),
          uniform("he_uniform", HeUniform{}, std::sqrt(6.0 / kIn)),
          uniform("lecun_uniform", LecunUniform{}, std::sqrt(3.0 / kIn)),
          uniform("random_uniform", RandomUniform{-0.5, 0.5}, 0.5),
          truncated("glorot_normal", GlorotNormal{}, std::sqrt(2.0 / (kIn + kOut))),
          truncated("he_normal", HeNormal{}, std::sqrt(2.0 / kIn)),
          truncated("lecun_normal", LecunNormal{}, std::sqrt(1.0 / kIn))};
}

class InitializersTest : public test::DeviceTest {
 protected:
  std::vector<float> draw(const Initializer& initializer, RandomKey key = {42, 1},
                          const Shape& shape = {kIn, kOut}) {
    return initialize(stream(), initializer, shape, key).to_host<float>();
  }
};

double mean_of(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double stddev_of(const std::vector<float>& values) {
  const double mean = mean_of(values);
  double sum = 0.0;
  for (const float value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

void expect_moments(const std::vector<float>& values, double mean, double stddev) {
  const double n = static_cast<double>(values.size());
  EXPECT_LE(std::fabs(mean_of(values) - mean), 5 * stddev / std::sqrt(n));
  EXPECT_LE(std::fabs(stddev_of(values) - stddev), 5 * stddev * std::sqrt(2 / (4 * n)));
}

TEST_P(InitializersTest, BoundedOnesHaveTheirMomentsAndFillTheirRange) {
  for (const Case& expected : cases()) {
    SCOPED_TRACE(expected.name);
    const std::vector<float> values = draw(expected.initializer);
    expect_moments(values, expected.mean, expected.stddev);
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    const double rounding = 1e-6 * expected.high;
    const double margin = 0.02 * (expected.high - expected.low);
    EXPECT_GE(*lowest, expected.low - rounding);
    EXPECT_LE(*highest, expected.high + rounding);
    EXPECT_LE(*lowest, expected.low + margin);
    EXPECT_GE(*highest, expected.high - margin);
  }
}

TEST_P(InitializersTest, RandomNormalIsNotCutOff) {
  const std::vector<float> values = draw(RandomNormal{.stddev = 2.0, .mean = 0.5});
  expect_moments(values, 0.5, 2.0);
  const auto beyond = std::count_if(values.begin(), values.end(),
                                    [](float value) { return std::fabs(value - 0.5f) > 4.0f; });
  const double fraction = static_cast<double>(beyond) / static_cast<double>(values.size());
  EXPECT_NEAR(fraction, 0.0455, 0.003);  // 2 (1 - Phi(2)), 5 standard deviations wide.
}

TEST_P(InitializersTest, ConstantsAreExact) {
  EXPECT_EQ(draw(Zeros{}, {}, {3}), std::vector<float>(3, 0.0f));
  EXPECT_EQ(draw(Ones{}, {}, {3}), std::vector<float>(3, 1.0f));
  EXPECT_EQ(draw(Constant{-2.5}, {}, {3}), std::vector<float>(3, -2.5f));
}

TEST_P(InitializersTest, TheSameKeyGivesTheSameBitsAndAnotherOneDoesNot) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(draw(one.initializer), draw(one.initializer));
    EXPECT_NE(draw(one.initializer), draw(one.initializer, {43, 1}));
    EXPECT_NE(draw(one.initializer), draw(one.initializer, {42, 2}));
  }
}

TEST_P(InitializersTest, FillEmptyTensors) {
  for (const Case& one : cases())
    EXPECT_TRUE(draw(one.initializer, {}, {0, 5}).empty()) << one.name;
}

INSTANTIATE_TEST_SUITE_P(Devices, InitializersTest, test::all_devices(), test::device_name);

TEST(Initializers, TruncatedNormalsDependOnKeyAndIndexAlone) {
  Stream stream;
  const auto draw = [&](const Shape& shape) {
    return initialize(stream, GlorotNormal{}, shape, {1, 1}, DType::kFloat64).to_host<double>();
  };
  // 8 x 8 and 4 x 12 have the same fans' sum, hence the same scale.
  const std::vector<double> square = draw({8, 8}), flat = draw({4, 12});
  EXPECT_TRUE(std::equal(flat.begin(), flat.end(), square.begin()));
}

TEST(Initializers, FansAreThoseOfKeras) {
  EXPECT_EQ(fans({10, 64}).in, 10);
  EXPECT_EQ(fans({10, 64}).out, 64);
  EXPECT_EQ(fans({64}).in, 64);
  EXPECT_EQ(fans({64}).out, 64);
  EXPECT_EQ(fans({}).in, 1);
  test::expect_invalid([] { return fans({2, 3, 4}).in; }, {"(2, 3, 4)"});
}

TEST(Initializers, NamesHaveDifferentKeys) {
  std::set<std::uint64_t> sequences;
  for (const char* model : {"SigmoidNetwork", "ReLUNetwork", "ExplodingNetwork"}) {
    for (const char* part :
         {"/dense/kernel", "/dense/bias", "/dense_1/kernel", "/dense_2/kernel"}) {
      sequences.insert(random_key(0, std::string(model) + part).sequence);
    }
  }
  EXPECT_EQ(sequences.size(), 12u);
  EXPECT_EQ(random_key(7, "a").seed, 7u);
  // FNV-1a's published test vector for "foobar".
  EXPECT_EQ(random_key(0, "foobar").sequence, 0x85944171f73967e8u);
}

TEST(Initializers, RangesThatMakeNoSenseAreRefused) {
  Stream stream;
  const auto draw = [&](const Initializer& initializer) {
    return initialize(stream, initializer, {2, 2}, {});
  };
  test::expect_invalid([&] { return draw(RandomNormal{.stddev = -1.0}); }, {"stddev"});
  test::expect_invalid([&] { return draw(RandomUniform{1.0, 0.0}); }, {"low"});
  test::expect_invalid([&] { return draw(RandomUniform{0.0, NAN}); }, {"high"});
}

}  // namespace
}  // namespace gradvitals
