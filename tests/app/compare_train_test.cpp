// Contract: `gradvitals compare --train N`: the networks trained under watch, and whether the first
// visit's verdict held. Oracles: what theory says of the three (SGD does not reach the first layers of the
// sigmoid network, Adam does; the exploding one's units are saturated), `gradvitals train` on the same
// network, and texts written here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/app/run_program.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;
using CompareArguments = std::vector<std::string>;

ProgramResult run_compare(CompareArguments arguments) {
  arguments.insert(arguments.begin(), {"compare", "--device", "cpu", "--threads", "1"});
  return run_program(arguments);
}

json trained_json(CompareArguments arguments) {
  arguments.insert(arguments.end(), {"--json", "-"});
  const ProgramResult result = run_compare(std::move(arguments));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out);
}

/// Of the network at this place, with the optimizer at that one.
json outcome(const json& report, int network, int optimizer) {
  return report["networks"][network]["training"][optimizer]["prediction"]["outcome"];
}

TEST(CompareTrain, TheFirstVerdictHoldsWithSgdAndVanishingDoesNotHoldAdamUp) {
  const json report = trained_json({"--train", "1000"});
  EXPECT_EQ(report["networks"][0]["training"][0]["optimizer"], "sgd");
  EXPECT_EQ(report["networks"][0]["training"][1]["optimizer"], "adam");
  for (int network = 0; network < 3; ++network) EXPECT_EQ(outcome(report, network, 0), "held");
  EXPECT_EQ(outcome(report, 0, 1), "failed");
  EXPECT_EQ(outcome(report, 1, 1), "held");
  EXPECT_EQ(outcome(report, 2, 1), "held");
}

TEST(CompareTrain, TheTextTellsEveryStoryAndWhatFollows) {
  const ProgramResult result = run_compare({"--train", "1000"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* text :
       {"TRAINED 1000 STEPS", "With sgd, learning rate 0.1:", "With adam, learning rate 0.001:",
        "vanishing (R2) from step 0 to the end with 1 consequence. Predicted vanishing: held, it "
        "learnt ",
        "vanishing (R2) from step 0 to 10, healthy at the end. Predicted vanishing: did not hold",
        "healthy throughout. Predicted healthy: held, it learnt most, ",
        "Predicted exploding: held, it learnt 0.0 %, ReLU ",
        "verdict held in 5 of 6 trainings; it did not for Sigmoid with adam.\n"
        "Vanishing gradients hold up sgd"}) {
    EXPECT_TRUE(contains(result.out, text)) << text << " in\n" << result.out;
  }
  EXPECT_EQ(count_of(result.out, ". Predicted "), 6);
  EXPECT_TRUE(contains(result.err, "step 6000 of 6000")) << result.err;
}

TEST(CompareTrain, TheFirstVisitIsToldAsWithoutTraining) {
  const std::string alone = run_compare({}).out;
  EXPECT_TRUE(run_compare({"--train", "5"}).out.starts_with(alone + "\n📊 TRAINED 5 STEPS\n"));
  json trained = trained_json({"--train", "5"});
  for (json& network : trained["networks"]) EXPECT_EQ(network.erase("training"), 1U);
  EXPECT_EQ(trained, trained_json({}));
}

TEST(CompareTrain, TheJsonHoldsTheCourseOfEachTraining) {
  const json report = trained_json({"--train", "64", "--optimizer", "momentum"});
  EXPECT_EQ(report["schema"], "gradvitals.comparison/1");
  for (const json& network : report["networks"]) {
    ASSERT_EQ(network["training"].size(), 1U);
    const json& training = network["training"][0];
    EXPECT_EQ(training["optimizer"], "momentum");
    EXPECT_EQ(training["learning_rate"], 0.01);
    EXPECT_EQ(training["batch"], 100);
    EXPECT_EQ(training["steps"], 64);
    EXPECT_EQ(training["losses"].size(), 32U);
    EXPECT_EQ(training["score_name"], "R2");
    EXPECT_EQ(training["run"]["steps"], 64);
    EXPECT_EQ(training["run"]["last_step"], 63);
    EXPECT_EQ(training["prediction"]["verdict"], network["verdict"]);
    for (const char* key : {"at_end", "vital_signs", "events", "events_left_out", "score_before",
                            "score_after", "loss_after"}) {
      EXPECT_TRUE(training.contains(key)) << key;
    }
    // All samples are one batch: two ways to one number.
    EXPECT_NEAR(training["loss_before"].get<double>(), network["loss"].get<double>(),
                1e-6 * network["loss"].get<double>());
    EXPECT_NEAR(training["run"]["first_loss"].get<double>(), network["loss"].get<double>(),
                1e-6 * network["loss"].get<double>());
  }
}

TEST(CompareTrain, ANetworkTrainsAsItDoesAlone) {
  const json compared = trained_json({"--train", "40", "--seed", "7", "--optimizer", "adam"});
  const ProgramResult alone =
      run_program({"train", "--device", "cpu", "--threads", "1", "--network", "exploding", "--seed",
                   "7", "--steps", "40", "--json", "-"});
  const json training = json::parse(alone.out);
  EXPECT_EQ(compared["networks"][2]["training"][0]["run"], training["run"]);
  EXPECT_EQ(compared["networks"][2]["training"][0]["events"], training["events"]);
}

TEST(CompareTrain, TheSameSeedGivesTheSameBytes) {
  const CompareArguments arguments = {"--train", "50", "--seed", "3"};
  const std::string text = run_compare(arguments).out;
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(run_compare(arguments).out, text);
  EXPECT_EQ(trained_json(arguments).dump(), trained_json(arguments).dump());
}

TEST(CompareTrain, AsciiTextHoldsNoOtherBytes) {
  const ProgramResult result = run_compare({"--train", "40", "--ascii"});
  const auto is_ascii = [](char letter) { return static_cast<unsigned char>(letter) < 128; };
  EXPECT_TRUE(std::ranges::all_of(result.out, is_ascii));
  EXPECT_TRUE(std::ranges::all_of(result.err, is_ascii));
  EXPECT_TRUE(contains(result.out, "TRAINED 40 STEPS"));
}

TEST(CompareTrain, FewStepsTellNothing) {
  const ProgramResult result = run_compare({"--train", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "TRAINED 1 STEP\n"));
  EXPECT_EQ(count_of(result.out, "too few steps to judge. Predicted "), 6) << result.out;
  EXPECT_TRUE(contains(result.out, "No training tells whether the first visit's verdict held.\n"));
}

TEST(CompareTrain, ALinearHeadLetsTheThirdNetworkLeaveTheNumbers) {
  const json report = trained_json({"--train", "30", "--head", "linear", "--optimizer", "sgd"});
  const json& training = report["networks"][2]["training"][0];
  EXPECT_EQ(training["loss_after"], nullptr);
  EXPECT_EQ(training["score_after"], nullptr);
  EXPECT_EQ(training["at_end"]["verdict"], "exploding") << "the cause of the NaN that it ends in";
  EXPECT_EQ(training["prediction"]["outcome"], "held");
}

TEST(CompareTrain, TheGateIsThatOfTheWorstInTraining) {
  const ProgramResult all = run_compare({"--train", "20", "--fail-on", "critical"});
  EXPECT_EQ(all.exit_code, 1);
  EXPECT_TRUE(contains(all.err, "--fail-on critical: Exploding Network is exploding"));
  EXPECT_TRUE(
      contains(all.err, "--fail-on critical: the worst of Exploding Network with sgd was critical"))
      << all.err;
  EXPECT_FALSE(contains(all.err, "the worst of ReLU Network"));
}

TEST(CompareTrain, ATableOfOnesOwnIsTrainedInBatches) {
  const TemporaryFolder folder;
  std::ofstream table(folder.file("table.csv"));
  table << "a,b,y\n";
  for (int i = 0; i < 250; ++i) {
    const int a = i * 37 % 101;
    const int b = i * 53 % 97;
    table << a << ',' << b << ',' << 3 * a - 2 * b << '\n';
  }
  table.close();
  const json report = trained_json({"--data", folder.file("table.csv"), "--target", "y", "--train",
                                    "400", "--optimizer", "adam", "--learning-rate", "0.002"});
  const json& relu = report["networks"][1]["training"][0];
  EXPECT_EQ(relu["batch"], 100);
  EXPECT_EQ(relu["learning_rate"], 0.002);
  EXPECT_GT(relu["score_after"].get<double>(), 0.95);
  EXPECT_EQ(relu["prediction"]["outcome"], "held");
}

TEST(CompareTrain, TargetsThatDoNotVaryTellNothing) {
  const ProgramResult result = run_compare({"--train", "20", "--batch", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(count_of(result.out, "cannot be told, there was nothing to learn, the targets do not"),
            6)
      << result.out;
}

TEST(CompareTrain, CtrlCTellsTheStorySoFar) {
  const TemporaryFolder folder;
  const int code = run_in_shell(
      "timeout --foreground --preserve-status -s INT 1 \"$gradvitals\" compare --device cpu "
      "--train 100000000 --json '" +
      folder.file("json") + "' > '" + folder.file("text") + "' 2> /dev/null");
  ASSERT_EQ(code, 130);
  EXPECT_TRUE(contains(read_file(folder.file("text")), "Ended by SIGINT at step "));
  const json report = json::parse(read_file(folder.file("json")));
  const json& training = report["networks"][0]["training"][0];
  EXPECT_EQ(training["interruption"], "SIGINT");
  EXPECT_GT(training["run"]["steps"], 0);
  EXPECT_EQ(training["prediction"]["outcome"], "open");
  EXPECT_TRUE(report["networks"][1]["training"].empty());
}

TEST(CompareTrain, AReportThatCannotBeWrittenIsNamedBeforeTheTraining) {
  const ProgramResult result = run_compare({"--train", "50", "--json", "no/a.json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--json: cannot write no/a.json: the folder no does not exist"))
      << result.err;
  EXPECT_EQ(result.out, "");
}

struct WrongComparison {
  const char* title;
  CompareArguments arguments;
  const char* named;  ///< What the message must contain.

  friend void PrintTo(const WrongComparison& input, std::ostream* out) { *out << input.title; }
};

class WrongComparisonTest : public testing::TestWithParam<WrongComparison> {};

TEST_P(WrongComparisonTest, IsNamedInOneLineWithExitCodeTwo) {
  const ProgramResult result = run_compare(GetParam().arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(contains(result.err, GetParam().named)) << result.err;
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
}

INSTANTIATE_TEST_SUITE_P(
    CompareTrain, WrongComparisonTest,
    testing::Values(
        WrongComparison{"NoSteps", {"--train", "0"}, "'0' is not a whole number from 1 to"},
        WrongComparison{
            "StepsThatAreNoNumber", {"--train", "many"}, "'many' is not a whole number"},
        WrongComparison{"NoNumberOfSteps", {"--train"}, "--train"},
        WrongComparison{
            "OptimizerWithoutTraining", {"--optimizer", "sgd"}, "--optimizer needs --train N"},
        WrongComparison{
            "RateWithoutTraining", {"--learning-rate", "0.1"}, "--learning-rate needs --train N"},
        WrongComparison{"OneRateForTwo",
                        {"--train", "5", "--learning-rate", "0.1"},
                        "--learning-rate needs --optimizer"},
        WrongComparison{"UnknownOptimizer",
                        {"--train", "5", "--optimizer", "rms"},
                        "'rms' is not one of sgd, momentum, adam, adamw"},
        WrongComparison{"NotebookRules",
                        {"--train", "5", "--rules", "notebook"},
                        "--train judges by the full rules"}),
    [](const auto& input) { return std::string(input.param.title); });

}  // namespace
}  // namespace gradvitals::test
