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
    EXPECT_EQ(*std::ranges::find(rules, number(rule), number), rule) << number(rule);
    EXPECT_EQ(*std::ranges::find(rules, word(rule), word), rule) << word(rule);
  }
}

TEST(RuleId, NumberAndWordHaveTheFormThatScriptsCompare) {
  for (const RuleId rule : all_rules()) {
    EXPECT_TRUE(std::regex_match(std::string(number(rule)), std::regex("R[1-9][0-9]*")))
        << number(rule);
    EXPECT_TRUE(std::regex_match(std::string(word(rule)), std::regex("[a-z]+(_[a-z]+)*")))
        << word(rule);
  }
}

TEST(RuleId, AValueBehindTheLastRuleHasNoName) {
  const auto behind = static_cast<RuleId>(all_rules().size());
  EXPECT_EQ(number(behind), "");
  EXPECT_EQ(word(behind), "");
}

}  // namespace
}  // namespace gradvitals::test
