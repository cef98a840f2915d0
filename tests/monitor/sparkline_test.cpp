// Contract: one character a value, higher ones for larger values, on a logarithmic scale. Oracle: lines
// written by hand, where each decade is a level.
#include "monitor/report/sparkline.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "kernels/runtime/utf8.h"

namespace gradvitals::test {
namespace {

constexpr TextStyle kAsciiSparkline{.ascii = true};

TEST(Sparkline, RisesByALevelEachDecadeOfEight) {
  const std::vector<double> decades = {1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4};
  SparkRange range;
  widen(range, decades);
  EXPECT_EQ(sparkline(decades, range, {}), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline(decades, range, kAsciiSparkline), "_.-=+*%#");
  EXPECT_EQ(display_width(sparkline(decades, range, {})), 8);
}

TEST(Sparkline, DrawsWhatIsNotFiniteAsACross) {
  const double infinite = std::numeric_limits<double>::infinity();
  const double no_number = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> values = {1.0, no_number, 100.0, infinite, -infinite};
  SparkRange range;
  widen(range, values);
  EXPECT_EQ(range.low, 1.0);
  EXPECT_EQ(range.high, 100.0);
  EXPECT_EQ(sparkline(values, range, kAsciiSparkline), "_x#xx");
}

TEST(Sparkline, ZeroIsAsLowAsTheLowest) {
  const std::vector<double> values = {10.0, 1.0, 0.0};
  SparkRange range;
  widen(range, values);
  EXPECT_EQ(sparkline(values, range, kAsciiSparkline), "#__");
}

TEST(Sparkline, IsHalfAsHighWhereNothingVaries) {
  const std::vector<double> values = {0.3, 0.3};
  SparkRange range;
  widen(range, values);
  EXPECT_EQ(sparkline(values, range, kAsciiSparkline), "++");
  EXPECT_EQ(sparkline(std::vector<double>{0.0, 0.0}, SparkRange{}, kAsciiSparkline), "++");
}

TEST(Sparkline, SharesARangeWithOtherLines) {
  SparkRange range;
  widen(range, std::vector<double>{1e-3, 1e4});
  widen(range, std::vector<double>{1e0});
  EXPECT_EQ(sparkline(std::vector<double>{1e0, 1e-9, 1e9}, range, kAsciiSparkline), "=_#");
}

TEST(Sparkline, SpansMoreThanFloat64CanDivide) {
  const std::vector<double> values = {1e-300, 1e-100, 1e100, 1e300};
  SparkRange range;
  widen(range, values);
  EXPECT_EQ(sparkline(values, range, kAsciiSparkline), "_-*#");
}

}  // namespace
}  // namespace gradvitals::test
