// Contract: monitor/rules/rule.h, the words and the table that all rules share.
#include "monitor/rules/rule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals {
namespace {

using test::all_rules;
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

TEST(RuleTable, EveryRuleHasATitleAndASource) {
  for (const Rule& rule : rule_table()) {
    EXPECT_FALSE(rule.title.empty()) << rule_number(rule.id);
    EXPECT_FALSE(rule.source.empty()) << rule_number(rule.id);
  }
}

TEST(RuleTable, HoldsEveryRuleButTheOneOfRuns) {
  std::vector<RuleId> listed;
  for (const Rule& rule : rule_table()) listed.push_back(rule.id);
  listed.push_back(RuleId::kNormChange);
  EXPECT_EQ(listed, all_rules());
}

}  // namespace
}  // namespace gradvitals
