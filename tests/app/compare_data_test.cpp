// Contract: `gradvitals compare --data FILE --target ...`: the three networks on a table of the
// user's own. Oracle: tables written here, on which the verdicts are those of generated data.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

/// 60 rows of six features of very different scale, and a target far from 0..1.
std::string table() {
  std::string text = "a,b,c,d,e,f,price\n";
  unsigned state = 1;
  const auto next = [&state] {
    state = state * 1664525 + 1013904223;
    return static_cast<double>(state >> 8) / (1 << 24);
  };
  for (int row = 0; row < 60; ++row) {
    double scale = 1e-3;
    for (int column = 0; column < 6; ++column, scale *= 30) {
      text += std::to_string(scale * (next() - 0.3)) + ",";
    }
    text += std::to_string(100'000 + 400'000 * next()) + "\n";
  }
  return text;
}

class CompareData : public testing::Test {
 protected:
  CompareData() { std::ofstream(data) << table(); }

  const TemporaryFolder folder;
  const std::string data = folder.file("houses.csv");
};

TEST_F(CompareData, VerdictsHoldOnATableOfAnyWidthAndScale) {
  const ProgramResult result =
      run_program({"compare", "--data", data, "--target", "price", "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json networks = json::parse(result.out).at("networks");
  EXPECT_EQ(networks[0].at("verdict"), "vanishing");
  EXPECT_EQ(networks[1].at("verdict"), "healthy");
  EXPECT_EQ(networks[2].at("verdict"), "exploding");
  EXPECT_EQ(networks[0].at("tensors")[0].at("count"), 6 * 64);
  EXPECT_LT(networks[0].at("loss"), 1.0) << "the target is not within 0..1";
}

TEST_F(CompareData, TextSaysWhatBecameOfTheData) {
  const std::string text = run_program({"compare", "--data", data, "--target", "-1"}).out;
  EXPECT_TRUE(text.starts_with("Data: " + data + ", 60 of 60 samples, features standardised: 6\n" +
                               "Target: -1, scaled to 0..1\n"))
      << text.substr(0, 400);
}

TEST_F(CompareData, BatchTakesTheFirstSamples) {
  const std::vector<std::string> command = {"compare", "--data", data, "--target", "price"};
  std::vector<std::string> first = command;
  first.insert(first.end(), {"--batch", "10"});
  const std::string text = run_program(first).out;
  EXPECT_NE(text.find("10 of 60 samples"), std::string::npos) << text.substr(0, 400);
  first.back() = "61";
  const ProgramResult result = run_program(first);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--batch 61: " + data + " has 60 samples"), std::string::npos)
      << result.err;
}

TEST_F(CompareData, ANanInTheTableIsDiagnosedAndNoInputError) {
  std::ofstream(data, std::ios::app) << "1,2,3,nan,5,6,200000\n";
  const ProgramResult result =
      run_program({"compare", "--data", data, "--target", "price", "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json written = json::parse(result.out);
  for (const json& network : written.at("networks")) {
    EXPECT_EQ(network.at("verdict"), "non_finite");
    EXPECT_EQ(network.at("severity"), "critical");
  }
}

TEST_F(CompareData, WrongTablesAndTargetsAreNamed) {
  const auto error = [&](const std::string& content, const std::string& target) {
    std::ofstream(data) << content;
    const ProgramResult result = run_program({"compare", "--data", data, "--target", target});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    return result.err.substr(std::min(result.err.size(), std::string("gradvitals: ").size()));
  };
  EXPECT_EQ(error(table(), "prize"), data + ": target \"prize\" is neither a column nor a file\n");
  EXPECT_EQ(error("a,b\n1,2\n3,x\n", "b"), data + ": line 3, column 2: \"x\" is not a number\n");
  EXPECT_NE(error("a,b\n1,2\n3\n", "b").find(data + ": line 3"), std::string::npos);
  for (const char* content : {"", "a,b\n", "a,b\n1,2\n"}) {
    EXPECT_NE(error(content, "b").find(data + ": "), std::string::npos) << content;
  }
  std::ofstream(folder.file("two.csv")) << "1,2\n3,4\n";
  EXPECT_EQ(error("1,2\n3,4\n", folder.file("two.csv")),
            folder.file("two.csv") + ": has 2 columns, the networks one output\n");
}

}  // namespace
}  // namespace gradvitals::test
