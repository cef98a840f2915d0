// Contract: `gradvitals compare`: true verdicts, the same bytes for the same seed, and outputs that
// fail loudly. Oracle: the notebook networks as measured over thousands of seeds (docs/rules.md):
// backward gain per hidden layer 0.22..0.26 (sigmoid), 0.67..0.75 (relu), 14..18 (exploding).
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/app/run_program.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

json compare_json(std::vector<std::string> options) {
  options.insert(options.begin(), {"compare", "--json", "-"});
  const ProgramResult result = run_program(options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out);
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class CompareHead : public testing::TestWithParam<const char*> {};

TEST_P(CompareHead, VerdictsAreTrueForEitherHead) {
  for (const char* seed : {"0", "1", "42", "4294967295"}) {
    const json networks = compare_json({"--seed", seed, "--head", GetParam()})["networks"];
    ASSERT_EQ(networks.size(), 3u);
    EXPECT_EQ(networks[0]["verdict"], "vanishing");
    EXPECT_EQ(networks[1]["verdict"], "healthy");
    EXPECT_EQ(networks[2]["verdict"], "exploding");
    EXPECT_NEAR(networks[0]["vital_signs"]["oxygen"]["backward_gain"].get<double>(), 0.24, 0.03);
    EXPECT_NEAR(networks[1]["vital_signs"]["oxygen"]["backward_gain"].get<double>(), 0.71, 0.06);
    EXPECT_NEAR(networks[2]["vital_signs"]["oxygen"]["forward_gain"].get<double>(), 16.0, 2.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Compare, CompareHead, testing::Values("sigmoid", "linear"),
                         [](const auto& head) { return std::string(head.param); });

TEST(Compare, NotebookScoreOverlooksTheVanishingNetwork) {
  const json sigmoid = compare_json({})["networks"][0];
  EXPECT_EQ(sigmoid["seed_score"]["score"], 8);
  EXPECT_EQ(sigmoid["seed_score"]["verdict"], "EXCELLENT");
  EXPECT_EQ(sigmoid["verdict"], "vanishing");
}

TEST(Compare, LinearHeadLetsTheThirdNetworksNormsExplode) {
  const json third = compare_json({"--head", "linear"})["networks"][2];
  EXPECT_GT(third["metrics"]["max_gradient"].get<double>(), 1e5);
}

TEST(Compare, NamesAndCountsAreThoseOfTheNotebook) {
  const json networks = compare_json({})["networks"];
  const std::vector<int> totals = {10, 10, 8};
  for (std::size_t i = 0; i < totals.size(); ++i) {
    EXPECT_EQ(networks[i]["metrics"]["total_layers"], totals[i]);
    EXPECT_EQ(networks[i]["metrics"]["gradient_norms"].size(), totals[i]);
  }
  EXPECT_EQ(networks[0]["tensors"][0]["name"], "dense/kernel");
  EXPECT_EQ(networks[0]["tensors"][9]["name"], "dense_4/bias");
}

TEST(Compare, SameSeedGivesTheSameBytes) {
  const std::vector<std::string> command = {"compare", "--seed", "7", "--json", "-"};
  const std::string first = run_program(command).out;
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, run_program(command).out);
  EXPECT_NE(first, run_program({"compare", "--seed", "8", "--json", "-"}).out);
}

TEST(Compare, TextHoldsEveryPartOnceForEachNetwork) {
  const ProgramResult result = run_program({"compare"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(count_of(result.out, "GRADIENT HEALTH DIAGNOSIS:"), 3u);
  EXPECT_EQ(count_of(result.out, "ROOT CAUSE"), 3u);
  EXPECT_EQ(count_of(result.out, "COMPREHENSIVE NETWORK COMPARISON"), 1u);
  EXPECT_EQ(count_of(result.out, "SUMMARY CONCLUSIONS"), 1u);
  EXPECT_FALSE(contains(result.out, "\x1b[")) << "colour without a terminal";
  EXPECT_EQ(result.err, "gradvitals: device cpu\n");
}

TEST(Compare, NotebookRulesKeepToItsOwnText) {
  const std::string text = run_program({"compare", "--rules", "seed"}).out;
  EXPECT_EQ(count_of(text, "GRADIENT HEALTH DIAGNOSIS:"), 3u);
  EXPECT_FALSE(contains(text, "ROOT CAUSE"));
  EXPECT_FALSE(contains(text, "vanishing;"));
}

TEST(Compare, AsciiOutputIsAscii) {
  const std::string text = run_program({"compare", "--ascii"}).out;
  EXPECT_FALSE(text.empty());
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) > 0; }));
}

TEST(Compare, ColorIsAskedForOrLeftOut) {
  EXPECT_TRUE(contains(run_program({"compare", "--color", "always"}).out, "\x1b["));
  EXPECT_TRUE(contains(run_program({"compare", "--color", "always"}, {"NO_COLOR=1"}).out, "\x1b["));
  EXPECT_FALSE(contains(run_program({"compare", "--color", "never"}).out, "\x1b["));
}

TEST(Compare, GateTripsOnTheWorstSeverity) {
  EXPECT_EQ(run_program({"compare", "--fail-on", "critical"}).exit_code, 1);
  EXPECT_EQ(run_program({"compare"}).exit_code, 0);
}

TEST(Compare, FullOutputIsNamedWithExitCodeTwo) {
  const ProgramResult result = run_program({"compare", "--json", "/dev/full"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "cannot write /dev/full: No space left on device"))
      << result.err;
}

TEST(Compare, UnwritableOutputLeavesNothingBehind) {
  const TemporaryFolder folder;
  const ProgramResult result = run_program(
      {"compare", "--json", folder.file("missing/a.json"), "--plot", folder.file("missing/a.gp")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, folder.file("missing/a.json"))) << result.err;
  EXPECT_TRUE(contains(result.err, folder.file("missing/a.gp"))) << result.err;
  EXPECT_TRUE(folder.entries().empty());
}

TEST(Compare, OneFailedOutputDoesNotCostTheOthers) {
  const TemporaryFolder folder;
  const ProgramResult result =
      run_program({"compare", "--json", "/dev/full", "--plot", folder.file("figure.gp")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.out, "SUMMARY CONCLUSIONS"));
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"figure.gp"});
}

TEST(Compare, MissingGnuplotSaysWhatToInstallAndTheScriptNeedsNone) {
  const TemporaryFolder folder;
  const ProgramResult image =
      run_program({"compare", "--plot", folder.file("a.png")}, {"PATH=" + folder.path()});
  EXPECT_EQ(image.exit_code, 2);
  EXPECT_TRUE(contains(image.err, "gnuplot-nox")) << image.err;
  EXPECT_TRUE(contains(image.err, ".gp")) << image.err;
  EXPECT_TRUE(folder.entries().empty());
  const ProgramResult script =
      run_program({"compare", "--plot", folder.file("a.gp")}, {"PATH=" + folder.path()});
  EXPECT_EQ(script.exit_code, 0) << script.err;
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"a.gp"});
}

TEST(Compare, BatchOfOneIsJudged) {
  EXPECT_EQ(run_program({"compare", "--batch", "1", "--json", "-"}).exit_code, 0);
}

}  // namespace
}  // namespace gradvitals::test
