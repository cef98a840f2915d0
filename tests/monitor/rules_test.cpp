// Contract: monitor/rules/rule.h, the table of all rules.
#include "monitor/rules/rule.h"

#include <gtest/gtest.h>

#include <vector>

#include "monitor/trajectory/trajectory_rule.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

TEST(RuleTable, EveryRuleHasATitleAndASource) {
  for (const Rule& rule : rule_table()) {
    EXPECT_FALSE(rule.title.empty()) << rule_number(rule.id);
    EXPECT_FALSE(rule.source.empty()) << rule_number(rule.id);
  }
}

TEST(RuleTable, AndThatOfRulesOverTimeHoldEveryRule) {
  std::vector<RuleId> listed;
  for (const Rule& rule : rule_table()) listed.push_back(rule.id);
  for (const TrajectoryRule& rule : trajectory_rules()) {
    if (listed.back() != rule.id) listed.push_back(rule.id);
  }
  EXPECT_EQ(listed, all_rules());
}

}  // namespace
}  // namespace gradvitals::test
