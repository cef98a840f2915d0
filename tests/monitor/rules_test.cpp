// Contract: monitor/rules/rule.h, the words and the table that all rules share.
#include "monitor/rules/rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals {
namespace {

using test::kInf;

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

TEST(RuleTable, EveryRuleHasItsOwnIdATitleAndASource) {
  std::vector<std::string_view> ids;
  for (const Rule& rule : rule_table()) {
    EXPECT_FALSE(rule.title.empty()) << rule.id;
    EXPECT_FALSE(rule.source.empty()) << rule.id;
    ids.push_back(rule.id);
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

}  // namespace
}  // namespace gradvitals
