// Contract: numbers of history rows. Oracle: strtod and fmt's exact conversions.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include "monitor/history/nine_digits.h"

namespace gradvitals::test {
namespace {

std::string nine_digits_of(double value) {
  std::array<char, kNumberBytes> text{};
  return {text.data(), write_nine_digits(text.data(), value)};
}

double read_back(double value) {
  return std::strtod(nine_digits_of(value).c_str(), nullptr);
}

TEST(NineDigits, WritesShortNumbersShortly) {
  EXPECT_EQ(nine_digits_of(0.0), "0");
  EXPECT_EQ(nine_digits_of(-0.0), "0");
  EXPECT_EQ(nine_digits_of(1.0), "1");
  EXPECT_EQ(nine_digits_of(-1.5), "-1.5");
  EXPECT_EQ(nine_digits_of(0.1), "1e-1");
  EXPECT_EQ(nine_digits_of(123456789.0), "1.23456789e8");
  EXPECT_EQ(nine_digits_of(999999999.6), "1e9");
  EXPECT_EQ(nine_digits_of(0.9999999999), "1");
  EXPECT_EQ(nine_digits_of(1e-5), "1e-5");
}

TEST(NineDigits, WritesWhatIsNotFiniteAsText) {
  EXPECT_EQ(nine_digits_of(std::nan("")), "\"NaN\"");
  EXPECT_EQ(nine_digits_of(HUGE_VAL), "\"Infinity\"");
  EXPECT_EQ(nine_digits_of(-HUGE_VAL), "\"-Infinity\"");
}

TEST(NineDigits, EveryPowerOfTwoIsWithinHalfADigit) {
  for (int exponent = -1074; exponent < 1024; ++exponent) {
    const double value = std::ldexp(1.0, exponent);
    // 0.501 units of the ninth digit, which is 1e-8 of the value at most.
    EXPECT_LE(std::fabs(read_back(value) - value), 0.501e-8 * value) << exponent;
  }
}

TEST(NineDigits, EveryFloatReadsBackToItsBits) {
  std::mt19937 bits(7);
  for (int i = 0; i < 300'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits()));
    if (!std::isfinite(value)) continue;
    EXPECT_EQ(static_cast<float>(read_back(value)), value) << fmt::format("{}", value);
  }
}

TEST(NineDigits, IsTheNearestBesideTies) {
  std::mt19937_64 bits(7);
  int differing = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<double>(bits());
    if (!std::isfinite(value)) continue;
    const double nearest = std::strtod(fmt::format("{:.8e}", value).c_str(), nullptr);
    const double got = read_back(value);
    EXPECT_LE(std::fabs(got - value), 0.501e-8 * std::fabs(value)) << value;
    differing += got == nearest ? 0 : 1;
  }
  EXPECT_LE(differing, 10);
}

TEST(NineDigits, ExactNumbersReadBackToTheirBits) {
  std::array<char, kNumberBytes> text{};
  for (const double value : {0.1, 1e308, 5e-324, -1.0 / 3.0, 1e-300}) {
    const std::string written(text.data(), write_exact(text.data(), value));
    EXPECT_EQ(std::strtod(written.c_str(), nullptr), value);
  }
}

}  // namespace
}  // namespace gradvitals::test
