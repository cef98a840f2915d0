// Contract: the verdicts on cases from public reports (tests/data/golden/public).
// Oracle: cases.json, written before the rules were: verdicts, severities, and words that the
// answer must hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

const std::filesystem::path kFolder = GRADVITALS_TEST_DATA "/golden/public";

struct PublicCase {
  json content;

  std::string name() const { return content.at("name"); }
};

void PrintTo(const PublicCase& c, std::ostream* out) {
  *out << c.name();
}

std::vector<PublicCase> public_cases() {
  std::ifstream file(kFolder / "cases.json");
  std::vector<PublicCase> cases;
  for (json& content : json::parse(file)) cases.push_back({std::move(content)});
  return cases;
}

/// The case's arguments, with the paths of the files they name.
std::vector<std::string> arguments_of(const json& c) {
  std::vector<std::string> arguments;
  for (const std::string argument : c.at("args")) {
    const std::filesystem::path file = kFolder / argument;
    arguments.push_back(std::filesystem::is_regular_file(file) ? file.native() : argument);
  }
  return arguments;
}

int rank_of(const std::string& severity) {
  constexpr std::array<std::string_view, 4> kOrder{"ok", "info", "warning", "critical"};
  const auto place = std::ranges::find(kOrder, severity);
  EXPECT_NE(place, kOrder.end()) << severity;
  return static_cast<int>(place - kOrder.begin());
}

void expect_severity(const json& c, const std::string& prefix, const json& judged) {
  const int severity = rank_of(judged.at("severity"));
  if (c.contains(prefix + "at_least")) {
    EXPECT_GE(severity, rank_of(c.at(prefix + "at_least"))) << judged.at("findings").dump(1);
  }
  if (c.contains(prefix + "at_most")) {
    EXPECT_LE(severity, rank_of(c.at(prefix + "at_most"))) << judged.at("findings").dump(1);
  }
}

void expect_patterns(const json& c, const char* key, const std::string& text) {
  for (const std::string pattern : c.value(key, json::array())) {
    const std::regex expression(pattern, std::regex::icase | std::regex::ECMAScript);
    EXPECT_TRUE(std::regex_search(text, expression)) << '"' << pattern << "\" is not in\n" << text;
  }
}

void expect_diagnosis(const json& c, const json& network) {
  if (c.contains("verdict")) {
    const auto accepted = c.at("verdict").get<std::vector<std::string>>();
    EXPECT_NE(std::ranges::find(accepted, network.at("verdict").get<std::string>()), accepted.end())
        << network.at("verdict") << network.at("findings").dump(1);
  }
  expect_severity(c, "severity_", network);
  if (c.contains("root")) {
    ASSERT_FALSE(network.at("findings").empty());
    EXPECT_EQ(network.at("findings").at(0).at("rule"), c.at("root"));
  }
  if (c.contains("tensors")) {
    EXPECT_EQ(network.at("tensors").size(), c.at("tensors"));
  }
}

class PublicCases : public ::testing::TestWithParam<PublicCase> {};

TEST_P(PublicCases, AreJudgedAsTheirAnswersSay) {
  const json& c = GetParam().content;
  const ProgramResult text = run_program(arguments_of(c));
  EXPECT_EQ(text.exit_code, c.value("exit", 0)) << text.err;
  expect_patterns(c, "says", text.out);
  expect_patterns(c, "stderr", text.err);
  if (c.value("exit", 0) != 0) return;

  std::vector<std::string> arguments = arguments_of(c);
  arguments.insert(arguments.end(), {"--json", "-"});
  const json written = json::parse(run_program(arguments).out);
  if (written.contains("networks")) {
    for (const json& network : written.at("networks")) expect_diagnosis(c, network);
  } else {
    expect_diagnosis(c, written);
  }
  const bool asks_for_run =
      c.contains("run_severity_at_least") || c.contains("run_severity_at_most");
  ASSERT_TRUE(!asks_for_run || written.contains("run"));
  if (asks_for_run) expect_severity(c, "run_severity_", written.at("run"));
}

std::string test_name(const ::testing::TestParamInfo<PublicCase>& parameter) {
  std::string name = parameter.param.name();
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Reports, PublicCases, ::testing::ValuesIn(public_cases()), test_name);

}  // namespace
}  // namespace gradvitals::test
