// Contract: monitor/metrics/phrases.h. Oracle: the phrases written out here.
#include "monitor/metrics/phrases.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

TEST(ListNames, ShowsEightAndCountsTheRest) {
  EXPECT_EQ(list_names(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b"}), "a and b");
  EXPECT_EQ(list_names(std::vector<std::string>{"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(list_names(std::vector<std::string>(10, "a")), "a, a, a, a, a, a, a, a and 2 more");
}

TEST(Times, ReadsWellAtEveryScale) {
  EXPECT_EQ(times(4.26), "4.3x");
  EXPECT_EQ(times(999.0), "999.0x");
  EXPECT_EQ(times(1.2e6), "1.2e+06x");
  EXPECT_EQ(times(kInf), "infx");
}

TEST(StepsText, AgreesWithTheCount) {
  EXPECT_EQ(steps_text(0), "0 steps");
  EXPECT_EQ(steps_text(1), "1 step");
  EXPECT_EQ(steps_text(2), "2 steps");
}

}  // namespace
}  // namespace gradvitals::test
