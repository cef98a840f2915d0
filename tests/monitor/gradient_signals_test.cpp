// Contract: monitor/metrics/gradient_signals.h. Oracles: cosines by angles; the paper's formulas for two
// batch sizes, and their expectation over drawn gradients of known mean and covariance.
#include "monitor/metrics/gradient_signals.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/tolerances.h"

namespace gradvitals::test {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr Tolerance kFewRoundings = rounded<double>(8);

TensorDots dots_between(const std::vector<double>& x, const std::vector<double>& y) {
  TensorDots dots;
  for (std::size_t i = 0; i < x.size(); ++i) {
    dots += {x[i] * y[i], x[i] * x[i], y[i] * y[i]};
  }
  return dots;
}

TEST(GradientCosine, IsThatOfTheAngleWhateverTheLengths) {
  for (const double angle : {0.1, 1.0, 2.0, 3.0}) {
    const TensorDots dots =
        dots_between({1e-9, 0.0}, {1e7 * std::cos(angle), 1e7 * std::sin(angle)});
    ASSERT_TRUE(cosine_of(dots));
    expect_close(*cosine_of(dots), std::cos(angle), kFewRoundings);
  }
}

TEST(GradientCosine, IsOneOfAGradientWithItselfAndNeverBeyond) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 1000; ++i) {
    const std::vector<double> x = {uniform(random), uniform(random), uniform(random)};
    const double same = cosine_of(dots_between(x, x)).value();
    EXPECT_LE(same, 1.0);
    expect_close(same, 1.0, kFewRoundings);
    EXPECT_GE(cosine_of(dots_between(x, {-x[0], -x[1], -x[2]})).value(), -1.0);
  }
}

TEST(GradientCosine, OfNormsWhoseProductNoFloat64HoldsIsThere) {
  EXPECT_EQ(cosine_of({.dot = 1e300, .x_sum_squares = 1e300, .y_sum_squares = 1e300}), 1.0);
  EXPECT_EQ(cosine_of({.dot = 1e-300, .x_sum_squares = 1e-300, .y_sum_squares = 1e-300}), 1.0);
}

TEST(GradientCosine, IsEmptyWhereOneGradientIsZeroOrNotFinite) {
  EXPECT_FALSE(cosine_of({}));
  EXPECT_FALSE(cosine_of({.dot = 0.0, .x_sum_squares = 1.0, .y_sum_squares = 0.0}));
  EXPECT_FALSE(cosine_of({.dot = kNoNumber, .x_sum_squares = 1.0, .y_sum_squares = kNoNumber}));
  EXPECT_FALSE(cosine_of({.dot = 1.0, .x_sum_squares = HUGE_VAL, .y_sum_squares = 1.0}));
  EXPECT_FALSE(cosine_of({.dot = HUGE_VAL, .x_sum_squares = 1.0, .y_sum_squares = 1.0}));
}

TEST(GradientCosine, OfAllTensorsTogetherIsThatOfOneLongGradient) {
  const std::array pairs = {dots_between({1, 2}, {3, 4}), TensorDots{}, dots_between({5}, {-6})};
  EXPECT_EQ(sum_of_dots(pairs), dots_between({1, 2, 5}, {3, 4, -6}));
  EXPECT_EQ(sum_of_dots({}), TensorDots{});
}

TEST(GradientNoise, IsThePapersEstimateForTwoBatchSizes) {
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal(0.3, 1);
  constexpr double kBig = 48.0;
  constexpr double kSmall = 24.0;
  for (int i = 0; i < 100; ++i) {
    std::vector<double> x(7);
    std::vector<double> y(7);
    double big = 0.0;
    double small = 0.0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      x[k] = normal(random);
      y[k] = normal(random);
      big += (x[k] + y[k]) * (x[k] + y[k]) / 4.0;
      small += (x[k] * x[k] + y[k] * y[k]) / 2.0;
    }
    // Appendix A.1 of arXiv:1812.06162.
    const double square = (kBig * big - kSmall * small) / (kBig - kSmall);
    const double trace = (small - big) / (1.0 / kSmall - 1.0 / kBig);
    const NoiseEstimate got = noise_estimate(dots_between(x, y), 48).value();
    const Tolerance tolerance = accumulated<double>(14, kBig * small);
    expect_close(got.gradient_square, square, tolerance);
    expect_close(got.covariance_trace, trace, tolerance);
  }
}

TEST(GradientNoise, IsRightInTheMeanOverDrawnBatches) {
  // |G|^2 = 4 * 0.25 = 1, tr(Sigma) = 4 * 9 = 36.
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0.5, 3.0);
  constexpr std::int64_t kBatch = 8;
  constexpr int kDraws = 20000;
  NoiseEstimate sum;
  NoiseEstimate squares;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::array<std::vector<double>, 2> halves = {std::vector<double>(4), std::vector<double>(4)};
    for (std::vector<double>& half : halves) {
      for (int sample = 0; sample < kBatch / 2; ++sample) {
        for (double& value : half) value += normal(random) / (kBatch / 2);
      }
    }
    const NoiseEstimate one = noise_estimate(dots_between(halves[0], halves[1]), kBatch).value();
    sum.gradient_square += one.gradient_square / kDraws;
    sum.covariance_trace += one.covariance_trace / kDraws;
    squares.gradient_square += one.gradient_square * one.gradient_square / kDraws;
    squares.covariance_trace += one.covariance_trace * one.covariance_trace / kDraws;
  }
  const auto within = [](double mean, double square) {
    return Tolerance{.absolute = kStandardErrors * std::sqrt((square - mean * mean) / kDraws),
                     .relative = 0};
  };
  expect_close(sum.gradient_square, 1.0, within(sum.gradient_square, squares.gradient_square));
  expect_close(sum.covariance_trace, 36.0, within(sum.covariance_trace, squares.covariance_trace));
}

TEST(GradientNoise, OfAlikeHalvesIsZeroAndNotBelow) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 1000; ++i) {
    const std::vector<double> x = {uniform(random), uniform(random), uniform(random)};
    EXPECT_GE(noise_estimate(dots_between(x, x), 2).value().covariance_trace, 0.0);
  }
}

TEST(GradientNoise, IsEmptyWhereAGradientIsNotFinite) {
  EXPECT_FALSE(noise_estimate({kNoNumber, kNoNumber, 1.0}, 2));
  EXPECT_FALSE(noise_estimate({kNoNumber, 1.0, 1.0}, 2));
  EXPECT_FALSE(noise_estimate({0.0, kLargest, kLargest}, 2));
  EXPECT_FALSE(noise_estimate({0.0, kLargest / 2, 1.0}, 64)) << "beyond float64";
}

TEST(GradientNoise, RefusesABatchWithoutHalves) {
  for (const std::int64_t batch : {-2, 0, 1, 7}) {
    expect_invalid([batch] { noise_estimate({}, batch); },
                   {"noise_estimate", std::to_string(batch), "even"});
  }
}

TEST(NoiseScale, IsTheRatioOfTheAverages) {
  NoiseScale scale;
  EXPECT_FALSE(scale.value());
  scale.add({.gradient_square = 2.0, .covariance_trace = 10.0});
  EXPECT_EQ(scale.value(), 5.0);
  scale.add({.gradient_square = 1.0, .covariance_trace = 1.0});
  // Moving averages from 0: 0.1 * (0.9 * first + second) each.
  expect_close(scale.value().value(), (0.9 * 10.0 + 1.0) / (0.9 * 2.0 + 1.0), kFewRoundings);
  EXPECT_EQ(scale.estimates(), 2);
}

TEST(NoiseScale, ForgetsWhatIsLongAgo) {
  NoiseScale scale;
  scale.add({.gradient_square = 1.0, .covariance_trace = 1e6});
  for (int i = 0; i < 400; ++i) scale.add({.gradient_square = 2.0, .covariance_trace = 6.0});
  expect_close(scale.value().value(), 3.0, {.absolute = 0, .relative = 1e-9});
}

TEST(NoiseScale, IsEmptyWhereNoiseHidesTheGradient) {
  NoiseScale scale;
  scale.add({.gradient_square = -1.0, .covariance_trace = 5.0});
  EXPECT_FALSE(scale.value());
  scale.add({.gradient_square = 0.9, .covariance_trace = 5.0});
  EXPECT_FALSE(scale.value()) << "an average of exactly 0";
  scale.add({.gradient_square = 1.0, .covariance_trace = 5.0});
  EXPECT_TRUE(scale.value());
}

TEST(BatchAdvice, ChangesBeyondFourTimesAndAQuarterOfTheBatch) {
  const auto says = [](double scale, const char* words) {
    return batch_advice(scale, 32).find(words) != std::string::npos;
  };
  EXPECT_TRUE(says(0.0, "little noise"));
  EXPECT_TRUE(says(std::nextafter(8.0, 0.0), "little noise"));
  EXPECT_TRUE(says(8.0, "fair trade"));
  EXPECT_TRUE(says(128.0, "fair trade"));
  EXPECT_TRUE(says(std::nextafter(128.0, 1e9), "noise rules"));
  EXPECT_TRUE(says(1e9, "batches of 32"));
}

}  // namespace
}  // namespace gradvitals::test
