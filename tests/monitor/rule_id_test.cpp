// Contract: monitor/rules/rule_id.h, the number and the word of each rule.
// Oracle: docs/rules.md, in rules_document_test.cpp; here what holds of all of them.
#include "monitor/rules/rule_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

TEST(RuleId, NumberAndWordLeadBackToTheRule) {
  const std::vector<RuleId> rules = all_rules();
  ASSERT_FALSE(rules.empty());
  for (const RuleId rule : rules) {
    EXPECT_EQ(*std::ranges::find(rules, rule_number(rule), rule_number), rule) << rule_number(rule);
    EXPECT_EQ(*std::ranges::find(rules, rule_word(rule), rule_word), rule) << rule_word(rule);
  }
}

TEST(RuleId, NumberAndWordHaveTheFormThatScriptsCompare) {
  for (const RuleId rule : all_rules()) {
    EXPECT_TRUE(std::regex_match(std::string(rule_number(rule)), std::regex("R[1-9][0-9]*")))
        << rule_number(rule);
    EXPECT_TRUE(std::regex_match(std::string(rule_word(rule)), std::regex("[a-z]+(_[a-z]+)*")))
        << rule_word(rule);
  }
}

TEST(RuleId, AValueBehindTheLastRuleHasNoName) {
  const auto behind = static_cast<RuleId>(static_cast<int>(RuleId::kInitialVariance) + 1);
  EXPECT_EQ(behind, RuleId::kNone);
  EXPECT_EQ(rule_number(behind), "");
  EXPECT_EQ(rule_word(behind), "");
}

}  // namespace
}  // namespace gradvitals::test
