// The comparator's own tests: what it must reject.
#include "tests/support/expect_close.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace gradvitals::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr Tolerance kWide{.absolute = 1e300, .relative = 1e300};

TEST(ExpectClose, AcceptsADifferenceEqualToTheTolerance) {
  EXPECT_TRUE(compare(1.5, 1.0, {.absolute = 0.5}));
  EXPECT_TRUE(compare(3.0, 2.0, {.relative = 0.5}));
  EXPECT_FALSE(compare(1.5000001, 1.0, {.absolute = 0.5}));
}

TEST(ExpectClose, RejectsNanHoweverWideTheTolerance) {
  EXPECT_FALSE(compare(kNan, 1.0, kWide));
  EXPECT_FALSE(compare(1.0, kNan, kWide));
  EXPECT_FALSE(compare(kNan, kInf, kWide));
}

TEST(ExpectClose, RejectsInfinityOfTheWrongSignOrWhereFiniteIsExpected) {
  EXPECT_FALSE(compare(-kInf, kInf, kWide));
  EXPECT_FALSE(compare(kInf, -kInf, kWide));
  EXPECT_FALSE(compare(kInf, 1.0, kWide));
  EXPECT_FALSE(compare(1.0, kInf, kWide));
}

TEST(ExpectClose, AcceptsTheSameClassOfNonFinite) {
  EXPECT_TRUE(compare(kNan, kNan, kExact));
  EXPECT_TRUE(compare(kInf, kInf, kExact));
  EXPECT_TRUE(compare(-kInf, -kInf, kExact));
}

TEST(ExpectClose, RejectsWhateverAToleranceOfNanWouldLetPass) {
  EXPECT_FALSE(compare(1.0, 1.0, {.absolute = kNan}));
}

TEST(ExpectClose, RejectsAnotherNumberOfElements) {
  const std::vector<float> three(3, 0.0f);
  const std::vector<float> none;
  EXPECT_FALSE(compare(three, std::vector<float>(4, 0.0f), kWide));
  EXPECT_FALSE(compare(none, three, kWide));
  EXPECT_FALSE(compare(three, none, kWide));
  EXPECT_TRUE(compare(none, none, kExact));
}

TEST(ExpectClose, RejectsAnotherShapeOfTheSameElements) {
  std::vector<double> values(6, 1.0);
  const MatrixView<double> wide{values.data(), 2, 3};
  const MatrixView<double> tall{values.data(), 3, 2};
  EXPECT_FALSE(compare(wide, tall, kWide));
  EXPECT_TRUE(compare(wide, wide, kExact));
}

TEST(ExpectClose, NamesIndexExpectedGotAndTolerance) {
  const std::vector<double> got{1.0, 2.0, 3.5, 9.0};
  const std::vector<double> expected{1.0, 2.0, 3.0, 4.0};
  const std::string message = compare(got, expected, {.absolute = 0.25}).message();
  EXPECT_EQ(message, "at index 2: expected 3, got 3.5, tolerance 0.25; 2 of 4 elements differ");
}

TEST(ExpectClose, SeesTheLastElement) {
  std::vector<float> got(1000, 1.0f);
  const std::vector<double> expected(1000, 1.0);
  got.back() = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(compare(got, expected, kWide));
}

TEST(ExpectClose, FailsTheRunningTest) {
  EXPECT_NONFATAL_FAILURE(expect_close(1.0, 2.0, kExact), "at index 0: expected 2, got 1");
  expect_close(2.0, 2.0, kExact);
}

}  // namespace
}  // namespace gradvitals::test
