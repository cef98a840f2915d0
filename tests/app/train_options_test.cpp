// Contract: `gradvitals train` names options that do not go together, and what they do not fit, before it
// trains. Oracle: the texts below.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>

#include "tests/app/run_train.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

struct WrongTraining {
  const char* title;
  TrainArguments arguments;
  const char* named;  ///< What the message must contain.

  friend void PrintTo(const WrongTraining& input, std::ostream* out) { *out << input.title; }
};

class WrongTrainingTest : public testing::TestWithParam<WrongTraining> {};

TEST_P(WrongTrainingTest, IsNamedInOneLineWithExitCodeTwo) {
  const ProgramResult result = run_train(GetParam().arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  EXPECT_TRUE(result.err.starts_with("gradvitals: ")) << result.err;
  EXPECT_NE(result.err.find(GetParam().named), std::string::npos) << result.err;
}

INSTANTIATE_TEST_SUITE_P(
    Train, WrongTrainingTest,
    testing::Values(
        WrongTraining{"TwoModels",
                      {"--network", "relu", "--model", "2-1", "--data", "a.csv"},
                      "--model and --network cannot go together"},
        WrongTraining{"ModelWithoutData", {"--model", "2-1"}, "--model needs --data"},
        WrongTraining{
            "TargetWithoutData", {"--network", "relu", "--target", "y"}, "--target needs --data"},
        WrongTraining{"HeadWithoutNetwork",
                      {"--data", "digits", "--head", "linear"},
                      "--head needs --network"},
        WrongTraining{"NothingToHoldOut",
                      {"--network", "relu", "--validation", "0.2"},
                      "--validation needs --data"},
        WrongTraining{"TwoEnds",
                      {"--network", "relu", "--epochs", "2", "--steps", "9"},
                      "--epochs and --steps cannot go together"},
        WrongTraining{"MomentumOfAdam",
                      {"--network", "relu", "--momentum", "0.5"},
                      "--momentum needs --optimizer momentum"},
        WrongTraining{"NesterovOfSgd",
                      {"--network", "relu", "--optimizer", "sgd", "--nesterov"},
                      "--nesterov needs --optimizer momentum"},
        WrongTraining{"DecayOfAdam",
                      {"--network", "relu", "--weight-decay", "0.1"},
                      "--weight-decay needs --optimizer adamw"},
        WrongTraining{"EndOfAConstantRate",
                      {"--network", "relu", "--final-rate", "0"},
                      "--final-rate needs --schedule cosine"},
        WrongTraining{"EndAboveTheStart",
                      {"--network", "relu", "--schedule", "cosine", "--final-rate", "1"},
                      "--final-rate 1 is above --learning-rate 0.001"},
        WrongTraining{"PaceWithoutCheckpoint",
                      {"--network", "relu", "--checkpoint-every", "5"},
                      "--checkpoint-every needs --checkpoint"},
        WrongTraining{"LimitWithoutCommand",
                      {"--network", "relu", "--alert-limit", "5"},
                      "--alert-limit needs --on-alert"},
        WrongTraining{"OneFileForTwoOutputs",
                      {"--network", "relu", "--checkpoint", "a", "--json", "./a"},
                      "--checkpoint and --json both write './a'"},
        // A file that is there, whatever it holds.
        WrongTraining{"OutputOverTheData",
                      {"--data", "/proc/self/exe", "--target", "y", "--json", "/proc/self/exe"},
                      "'/proc/self/exe' is read by --data"},
        WrongTraining{
            "OutputOverTheCheckpointRead",
            {"--network", "relu", "--resume", "/proc/self/exe", "--json", "/proc/self/exe"},
            "'/proc/self/exe' is read by --resume"},
        WrongTraining{"EmptyCheckpoint",
                      {"--network", "relu", "--checkpoint", ""},
                      "--checkpoint: the value is empty"},
        WrongTraining{"EmptyHistory",
                      {"--network", "relu", "--history", ""},
                      "--history: the value is empty"},
        WrongTraining{"EmptyReplay", {"--replay", ""}, "--replay: the value is empty"},
        WrongTraining{
            "EmptyResume", {"--network", "relu", "--resume", ""}, "--resume: the value is empty"},
        WrongTraining{"EmptyThresholds",
                      {"--network", "relu", "--thresholds", ""},
                      "--thresholds: the value is empty"},
        WrongTraining{
            "EmptyJson", {"--network", "relu", "--json", ""}, "--json: the value is empty"},
        WrongTraining{"HistoryAndReportInOneFile",
                      {"--network", "relu", "--history", "x", "--json", "./x"},
                      "--history and --json both write './x'"},
        WrongTraining{"ReplayOfSomethingElse",
                      {"--replay", "a", "--steps", "5"},
                      "--replay and --steps cannot go together"},
        WrongTraining{
            "UnknownWordInTheModel", {"--data", "digits", "--model", "64-rleu-10"}, "rleu"},
        WrongTraining{"UnknownNetwork",
                      {"--network", "tanh"},
                      "'tanh' is not one of sigmoid, relu, exploding"},
        WrongTraining{"UnknownLoss", {"--network", "relu", "--loss", "mae"}, "'mae' is not one of"},
        WrongTraining{"UnknownOptimizer", {"--optimizer", "lion"}, "'lion' is not one of sgd"},
        WrongTraining{"ShareOfAll",
                      {"--data", "digits", "--validation", "1"},
                      "'1' is no number from 0 on, and below 1"},
        WrongTraining{"ShareThatIsNoNumber",
                      {"--data", "digits", "--validation", "nan"},
                      "'nan' is no number"},
        WrongTraining{"RateOfZero",
                      {"--network", "relu", "--learning-rate", "0"},
                      "'0' is no positive finite number"},
        WrongTraining{"CommandForAShell",
                      {"--network", "relu", "--on-alert", "mail me | tee log"},
                      "sh -c 'COMMAND'"},
        WrongTraining{"CommandThatIsMissing",
                      {"--network", "relu", "--on-alert", "no-such-program --now"},
                      "'no-such-program' is no program that can be run"},
        WrongTraining{"UnknownSignal",
                      {"--network", "relu", "--signals", "noise,cosin"},
                      "--signals: 'cosin' is not one of noise, cosine"},
        WrongTraining{"SignalTwice",
                      {"--network", "relu", "--signals", "noise,noise"},
                      "'noise' is there twice"},
        WrongTraining{
            "NoSignal", {"--network", "relu", "--signals", ""}, "'' is not one of noise, cosine"},
        WrongTraining{"NoiseOfOneSample",
                      {"--network", "relu", "--signals", "noise", "--batch", "1"},
                      "--signals noise needs batches of two samples"},
        WrongTraining{"CommandWithAnOpenQuote",
                      {"--network", "relu", "--on-alert", "mail 'me"},
                      "a quote (') is not closed"}),
    [](const auto& input) { return std::string(input.param.title); });

TEST(Train, NothingToTrainIsAnsweredWithThreeLinesToType) {
  const ProgramResult result = run_train({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 4) << result.err;
  EXPECT_NE(result.err.find("gradvitals train --data digits\n"), std::string::npos) << result.err;
}

TEST(Train, WidthsThatDoNotFitTheDataAreNamed) {
  const TemporaryFolder folder;
  const std::string table = write_points(folder);
  const ProgramResult inputs = run_train({"--data", table, "--target", "y", "--model", "3-1"});
  EXPECT_EQ(inputs.exit_code, 2);
  EXPECT_NE(inputs.err.find("--model 3-1: takes 3 features, but " + table + " has 2"),
            std::string::npos)
      << inputs.err;
  const ProgramResult outputs = run_train({"--data", table, "--target", "y", "--model", "2-5"});
  EXPECT_EQ(outputs.exit_code, 2);
  EXPECT_NE(outputs.err.find("--model 2-5: gives 5 outputs"), std::string::npos) << outputs.err;
}

TEST(Train, ProbabilitiesNeedAHeadThatGivesThem) {
  const TemporaryFolder folder;
  const ProgramResult result = run_train({"--data", write_points(folder), "--target", "y",
                                          "--model", "2-1", "--loss", "binary_cross_entropy"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("the model ends with linear"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace gradvitals::test
