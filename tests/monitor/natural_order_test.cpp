// Contract: natural_less(). Oracle: orders written down by hand, and the laws of a strict order.
#include "monitor/metrics/natural_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace gradvitals::test {
namespace {

TEST(NaturalOrder, NumbersCompareByValue) {
  std::vector<std::string> names = {"step_10", "step_9", "step_100", "step_2", "step"};
  std::ranges::sort(names, natural_less);
  EXPECT_EQ(names, (std::vector<std::string>{"step", "step_2", "step_9", "step_10", "step_100"}));
}

TEST(NaturalOrder, EveryNumberOfANameCounts) {
  std::vector<std::string> names = {"b.2.w10", "b.10.w1", "b.2.w9", "a.11"};
  std::ranges::sort(names, natural_less);
  EXPECT_EQ(names, (std::vector<std::string>{"a.11", "b.2.w9", "b.2.w10", "b.10.w1"}));
}

TEST(NaturalOrder, NumbersOfAnyLengthCompare) {
  const std::string nines(40, '9');
  EXPECT_TRUE(natural_less("s" + nines, "s1" + std::string(40, '0')));
  EXPECT_FALSE(natural_less("s1" + std::string(40, '0'), "s" + nines));
}

TEST(NaturalOrder, IsAStrictOrderOfAllDifferentNames) {
  std::vector<std::string> names = {"",    "0",    "00",  "1",   "01",     "a",    "a0", "a00",
                                    "a0b", "a00b", "a-1", "a1",  "a\xff",  "A1",   "1a", "01a",
                                    "10",  "9",    "a.b", "a.1", "a.1.10", "a.1.9"};
  for (const std::string& a : names) {
    for (const std::string& b : names) {
      EXPECT_EQ(natural_less(a, b) + natural_less(b, a), a == b ? 0 : 1) << a << " " << b;
      for (const std::string& c : names) {
        if (natural_less(a, b) && natural_less(b, c)) {
          EXPECT_TRUE(natural_less(a, c)) << a << " " << b << " " << c;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gradvitals::test
