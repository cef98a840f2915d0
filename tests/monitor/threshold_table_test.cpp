// Contract: limits as a table, and their reading from JSON. Oracle: the fields of Thresholds, and
// messages typed by hand.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "kernels/runtime/error.h"
#include "monitor/metrics/threshold_table.h"

namespace gradvitals::test {
namespace {

Thresholds read_limits(std::string_view limits) {
  return parse_thresholds(limits, "limits.json");
}

std::string refusal_of_limits(std::string_view limits) {
  try {
    read_limits(limits);
  } catch (const InputError& error) {
    return error.what();
  }
  return "taken";
}

TEST(ThresholdTable, NamesEachFieldOnce) {
  std::set<std::string_view> names;
  for (const ThresholdField& field : threshold_table()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
  }
}

TEST(ThresholdTable, ReadsEveryKindOfField) {
  const Thresholds read = read_limits(
      R"({"large_norm": {"warning": 100, "critical": 500}, "range_ratio": 1e6, "settled_step": 50})");
  EXPECT_EQ(read.large_norm.warning, 100.0);
  EXPECT_EQ(read.large_norm.critical, 500.0);
  EXPECT_EQ(read.range_ratio, 1e6);
  EXPECT_EQ(read.settled_step, 50);
}

TEST(ThresholdTable, KeepsTheDefaultOfWhatIsNotNamed) {
  const Thresholds defaults;
  const Thresholds read = read_limits(R"({"large_norm": {"warning": 100}})");
  EXPECT_EQ(read.large_norm.critical, defaults.large_norm.critical);
  EXPECT_EQ(read.vanished_norm, defaults.vanished_norm);
  EXPECT_TRUE(changed_fields(read_limits("{}")).empty());
}

TEST(ThresholdTable, EveryFieldReadsBackWhatItHolds) {
  for (const ThresholdField& field : threshold_table()) {
    const Limits limits = limits_of({}, field);
    const bool is_pair = std::holds_alternative<Limits Thresholds::*>(field.member);
    // Twice the value is on the same side of its partner, and no default.
    const std::string number = std::to_string(2 * limits.warning + 1);
    const std::string other = std::to_string(
        limits.critical > limits.warning ? 2 * limits.critical + 1 : limits.critical / 2);
    const std::string value =
        is_pair ? R"({"warning": )" + number + R"(, "critical": )" + other + "}" : number;
    // Some fields are bound to their counterpart, which may then be in the way.
    const std::string refusal =
        refusal_of_limits("{\"" + std::string(field.name) + "\": " + value + "}");
    if (refusal.find("nothing is healthy") != std::string::npos) continue;
    if (field.name == "min_norm_window") continue;
    const bool is_whole = std::holds_alternative<std::int64_t Thresholds::*>(field.member);
    const std::string written = is_whole ? number.substr(0, number.find('.')) : value;
    const Thresholds read = read_limits("{\"" + std::string(field.name) + "\": " + written + "}");
    ASSERT_EQ(changed_fields(read).size(), 1U) << field.name;
    EXPECT_EQ(changed_fields(read).front()->name, field.name);
    EXPECT_EQ(limits_of(read, field).warning, std::stod(number)) << field.name;
  }
}

TEST(ThresholdTable, AnUnknownNameIsToldWhatWasMeant) {
  EXPECT_EQ(refusal_of_limits(R"({"large_nrom": {"warning": 1}})"),
            "limits.json: no limit is called \"large_nrom\"; did you mean large_norm?");
}

TEST(ThresholdTable, ANameThatMeansNothingIsToldAllNames) {
  const std::string refusal = refusal_of_limits(R"({"weather": 1})");
  EXPECT_TRUE(refusal.starts_with("limits.json: no limit is called \"weather\"; the limits are "))
      << refusal;
  for (const ThresholdField& field : threshold_table()) {
    EXPECT_NE(refusal.find(field.name), std::string::npos) << field.name;
  }
  EXPECT_EQ(refusal.find(".md"), std::string::npos) << "a wheel has no documents: " << refusal;
}

TEST(ThresholdTable, NamesThatShareAWordComeFirst) {
  const std::string refusal = refusal_of_limits(R"({"_most_dead__neurons": 1})");
  EXPECT_NE(refusal.find("the limits are dead_unit_fraction, "), std::string::npos) << refusal;
}

TEST(ThresholdTable, AWarningBeyondItsCriticalLimitIsRefused) {
  EXPECT_EQ(refusal_of_limits(R"({"large_norm": {"warning": 300}})"),
            "limits.json: limit \"large_norm\" fires above, but its warning 300 lies beyond "
            "critical 200");
  EXPECT_EQ(
      refusal_of_limits(R"({"backward_factor_low": {"critical": 0.01}})"),
      "limits.json: limit \"backward_factor_low\" fires below, but its warning 0.003 lies beyond "
      "critical 0.01");
  EXPECT_EQ(refusal_of_limits(R"({"large_norm": {"warning": 200}})"), "taken");
}

TEST(ThresholdTable, ALowerLimitAboveItsUpperOneIsRefused) {
  EXPECT_EQ(
      refusal_of_limits(R"({"forward_gain_low": {"warning": 6}})"),
      "limits.json: limit \"forward_gain_low\" warns below 6, and \"forward_gain_high\" above 5: "
      "nothing is healthy");
}

TEST(ThresholdTable, AWindowThatIsNeverFullEnoughIsRefused) {
  EXPECT_EQ(refusal_of_limits(R"({"norm_window": 32})"),
            "limits.json: limit \"min_norm_window\" is 64, more than \"norm_window\" holds, "
            "which is 32");
  EXPECT_EQ(refusal_of_limits(R"({"norm_window": 32, "min_norm_window": 32})"), "taken");
}

TEST(ThresholdTable, ValuesOfTheWrongKindAreRefused) {
  const auto expect_refused = [](std::string_view limits, const std::string& what) {
    EXPECT_EQ(refusal_of_limits(limits), "limits.json: " + what) << limits;
  };
  const std::string two =
      R"(limit "large_norm" has two levels: write {"warning": X, "critical": Y})";
  expect_refused(R"({"large_norm": 3})", two);
  expect_refused(R"({"large_norm": {}})", two);
  expect_refused(R"({"large_norm": {"warn": 3}})", two);
  expect_refused(R"({"large_norm": {"warning": "3"}})", R"(limit "large_norm" is not a number)");
  expect_refused(R"({"range_ratio": {"warning": 3}})",
                 R"(limit "range_ratio" has one level: write a number)");
  expect_refused(R"({"range_ratio": null})", R"(limit "range_ratio" is not a number)");
  expect_refused(R"({"range_ratio": NaN})", R"(limit "range_ratio" is not a number)");
  expect_refused(R"({"range_ratio": -1})", R"(limit "range_ratio" must be finite and not below 0)");
  expect_refused(R"({"settled_step": 1.5})",
                 R"(limit "settled_step" is a whole number of at most 1000000)");
  expect_refused(R"({"settled_step": 1000001})",
                 R"(limit "settled_step" is a whole number of at most 1000000)");
  expect_refused(R"({"range_ratio": 1, "range_ratio": 2})",
                 R"(key "range_ratio" is given twice in one object)");
  expect_refused("[]", R"(is no JSON object of limits, as {"large_rms": {"warning": 5}})");
  expect_refused("{", "ends before its JSON does");
}

}  // namespace
}  // namespace gradvitals::test
