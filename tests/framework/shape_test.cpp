// Contract: framework/shape.h.
#include "framework/shape.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

using test::expect_invalid;

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().count(), 1);
  EXPECT_EQ(Shape({64}).count(), 64);
  EXPECT_EQ(Shape({100, 10}).count(), 1000);
  EXPECT_EQ(Shape({100, 0}).count(), 0);
}

TEST(Shape, IsWrittenAsATuple) {
  EXPECT_EQ(Shape().text(), "()");
  EXPECT_EQ(Shape({64}).text(), "(64,)");
  EXPECT_EQ(Shape({100, 10}).text(), "(100, 10)");
}

TEST(Shape, ComparesRankAndDimensions) {
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({6}), Shape({2, 3}));
  EXPECT_NE(Shape(), Shape({1}));
}

TEST(Shape, NamesWhatItRefuses) {
  expect_invalid([] { return Shape({3, -1}); }, {"-1", "(3, -1)"});
  expect_invalid([] { return Shape(std::vector<std::int64_t>(9, 1)); }, {"rank 9", "8"});
  expect_invalid(
      [] {
        return Shape({std::int64_t{1} << 40, std::int64_t{1} << 40});
      },
      {"1099511627776", "int64"});
  expect_invalid([] { return Shape({2, 3})[2]; }, {"(2, 3)", "axis 2"});
  expect_invalid([] { return Shape({2, 3})[-1]; }, {"axis -1"});
}

}  // namespace
}  // namespace gradvitals
