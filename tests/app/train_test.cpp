// Contract: `gradvitals train` trains, tells how it went on stdout alone, keeps what was asked for, and
// names options that do not go together. Oracles: the texts below, JSON of its own output, two runs
// compared byte for byte.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;
using TrainArguments = std::vector<std::string>;

ProgramResult run_train(TrainArguments arguments) {
  arguments.insert(arguments.begin(), {"train", "--device", "cpu", "--threads", "1"});
  return run_program(arguments);
}

json train_json(TrainArguments arguments) {
  arguments.insert(arguments.end(), {"--json", "-"});
  const ProgramResult result = run_train(std::move(arguments));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out);
}

/// Points of a plane, y = 1 where x0 > x1; enough of them to be learnt in a second.
std::string write_table(const TemporaryFolder& folder) {
  std::ofstream file(folder.file("points.csv"));
  file << "x0,x1,y\n";
  for (int i = 0; i < 200; ++i) {
    const double x0 = (i * 37 % 101) / 50.0 - 1.0;
    const double x1 = (i * 53 % 97) / 48.0 - 1.0;
    file << fmt::format("{},{},{}\n", x0, x1, x0 > x1 ? 1 : 0);
  }
  return folder.file("points.csv");
}

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
        WrongTraining{"OutputOverTheData",
                      {"--data", "a.csv", "--target", "y", "--json", "a.csv"},
                      "'a.csv' is read by --data"},
        WrongTraining{"OutputOverTheCheckpointRead",
                      {"--network", "relu", "--resume", "a", "--json", "a"},
                      "'a' is read by --resume"},
        WrongTraining{"EmptyPath",
                      {"--network", "relu", "--checkpoint", ""},
                      "--checkpoint: the path is empty"},
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
  const std::string table = write_table(folder);
  const ProgramResult inputs = run_train({"--data", table, "--target", "y", "--model", "3-1"});
  EXPECT_EQ(inputs.exit_code, 2);
  EXPECT_NE(inputs.err.find("--model 3-1: takes 3 features, but " + table + " has 2"),
            std::string::npos)
      << inputs.err;
  const ProgramResult outputs = run_train({"--data", table, "--target", "y", "--model", "2-5"});
  EXPECT_EQ(outputs.exit_code, 2);
  EXPECT_NE(outputs.err.find("--model 2-5: gives 5 outputs"), std::string::npos) << outputs.err;
}

TEST(Train, ANotebookNetworkIsTrainedAndToldOf) {
  const ProgramResult result = run_train({"--network", "relu", "--steps", "50"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* text :
       {"TRAINING: the notebook's ReLU network on the notebook's samples",
        "The run was healthy over 50 steps (0 to 49)", "VITAL SIGNS", "Blood pressure"}) {
    EXPECT_NE(result.out.find(text), std::string::npos) << text << " in\n" << result.out;
  }
  EXPECT_EQ(result.err.find("The run was"), std::string::npos);
}

TEST(Train, AnExplodingNetworkTripsTheGateAndIsExplained) {
  const ProgramResult result =
      run_train({"--network", "exploding", "--steps", "20", "--fail-on", "critical"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("The run has been exploding since step 0"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("Initialise with smaller weights"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("CRITICAL: step "), std::string::npos) << result.err;
}

TEST(Train, AsciiTextHoldsNoOtherBytes) {
  const ProgramResult result = run_train({"--network", "exploding", "--steps", "20", "--ascii"});
  const auto is_ascii = [](char letter) { return static_cast<unsigned char>(letter) < 128; };
  EXPECT_TRUE(std::ranges::all_of(result.out, is_ascii));
  EXPECT_TRUE(std::ranges::all_of(result.err, is_ascii));
}

TEST(Train, ATableOfOnesOwnIsLearnt) {
  const TemporaryFolder folder;
  const json report =
      train_json({"--data", write_table(folder), "--target", "y", "--model", "2-16-tanh-1-sigmoid",
                  "--loss", "binary_cross_entropy", "--learning-rate", "0.02", "--epochs", "40"});
  EXPECT_EQ(report["validation"]["score_name"], "accuracy");
  EXPECT_GE(report["validation"]["score"], 0.85);
  EXPECT_EQ(report["validation"]["samples"], 20);
}

TEST(Train, ProbabilitiesNeedAHeadThatGivesThem) {
  const TemporaryFolder folder;
  const ProgramResult result = run_train({"--data", write_table(folder), "--target", "y", "--model",
                                          "2-1", "--loss", "binary_cross_entropy"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("the model ends with linear"), std::string::npos) << result.err;
}

TEST(Train, TheJsonSaysWhatTheTextDoes) {
  const json report = train_json({"--network", "exploding", "--steps", "20"});
  EXPECT_EQ(report["schema"], "gradvitals.training/1");
  EXPECT_EQ(report["steps"], 20);
  EXPECT_EQ(report["complete"], true);
  EXPECT_EQ(report["interruption"], nullptr);
  EXPECT_EQ(report["settings"]["loss"], "mse");
  EXPECT_EQ(report["validation"], nullptr);
  const json& run = report["run"];
  EXPECT_EQ(run["verdict"], "exploding");
  EXPECT_EQ(run["severity"], "critical");
  EXPECT_EQ(run["steps"], 20);
  const auto backward_factor = std::ranges::find_if(
      run["findings"], [](const json& episode) { return episode["rule"] == "R2"; });
  ASSERT_NE(backward_factor, run["findings"].end());
  EXPECT_EQ((*backward_factor)["first_step"], 0);
  EXPECT_EQ((*backward_factor)["is_open"], true);
  EXPECT_EQ((*backward_factor)["verdict"], "exploding");
  EXPECT_EQ(report["events"].front()["event"], "began");
}

TEST(Train, DigitsAreLearntWithTheModelThatSuitsThem) {
  const ProgramResult result = run_train({"--data", "digits", "--epochs", "5", "--json", "-"});
  if (result.err.find("python3-sklearn") != std::string::npos) GTEST_SKIP() << result.err;
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("no --model is given: 64-128-relu-64-relu-10"), std::string::npos)
      << result.err;
  const json report = json::parse(result.out);
  EXPECT_GE(report["validation"]["score"], 0.92);
  EXPECT_EQ(report["settings"]["loss"], "softmax_cross_entropy");
  EXPECT_NE(report["run"]["severity"], "critical");
}

TEST(Train, AResumedTrainingEndsWithTheSameBits) {
  const TemporaryFolder folder;
  const std::string table = write_table(folder);
  const auto arguments = [&](const std::string& steps, const std::string& checkpoint) {
    return TrainArguments{"--data",  table, "--target",     "y",       "--model", "2-8-tanh-1",
                          "--steps", steps, "--checkpoint", checkpoint};
  };
  ASSERT_EQ(run_train(arguments("60", folder.file("whole"))).exit_code, 0);
  ASSERT_EQ(run_train(arguments("25", folder.file("part"))).exit_code, 0);
  TrainArguments resumed = arguments("60", folder.file("resumed"));
  resumed.insert(resumed.end(), {"--resume", folder.file("part"), "--json", folder.file("json")});
  ASSERT_EQ(run_train(resumed).exit_code, 0);
  EXPECT_EQ(read_file(folder.file("resumed")), read_file(folder.file("whole")));
  const json report = json::parse(read_file(folder.file("json")));
  EXPECT_EQ(report["steps_before"], 25);
  EXPECT_EQ(report["steps"], 60);
  EXPECT_EQ(report["files"]["checkpoint"], folder.file("resumed"));
}

TEST(Train, AnotherModelCannotResume) {
  const TemporaryFolder folder;
  const std::string table = write_table(folder);
  const TrainArguments start = {"--data", table, "--target", "y", "--steps", "5"};
  TrainArguments first = start;
  first.insert(first.end(), {"--model", "2-8-tanh-1", "--checkpoint", folder.file("a")});
  ASSERT_EQ(run_train(first).exit_code, 0);
  TrainArguments second = start;
  second.insert(second.end(), {"--model", "2-9-tanh-1", "--resume", folder.file("a")});
  const ProgramResult result = run_train(second);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("a: was made with model"), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST(Train, NothingIsLeftToTrainWhereTheCheckpointIsOfTheEnd) {
  const TemporaryFolder folder;
  const TrainArguments arguments = {"--network", "relu", "--steps", "5"};
  TrainArguments first = arguments;
  first.insert(first.end(), {"--checkpoint", folder.file("a")});
  ASSERT_EQ(run_train(first).exit_code, 0);
  TrainArguments second = arguments;
  second.insert(second.end(), {"--resume", folder.file("a")});
  const ProgramResult result = run_train(second);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.err.find("all 5 steps were made before; --steps or --epochs gives it more"),
            std::string::npos)
      << result.err;
  EXPECT_NE(result.out.find("All 5 steps were made before: nothing is left to train, and nothing "
                            "was judged"),
            std::string::npos)
      << result.out;
  EXPECT_EQ(result.out.find("OK"), std::string::npos) << result.out;
}

TEST(Train, AResumedTrainingMayHaveAnotherLearningRateAndSaysSo) {
  const TemporaryFolder folder;
  const TrainArguments arguments = {"--network", "relu", "--checkpoint", folder.file("a")};
  TrainArguments first = arguments;
  first.insert(first.end(), {"--steps", "4", "--learning-rate", "0.01"});
  ASSERT_EQ(run_train(first).exit_code, 0);
  TrainArguments second = arguments;
  second.insert(second.end(), {"--steps", "9", "--resume", folder.file("a")});
  const ProgramResult result = run_train(second);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("learning rate: 0.001 in place of 0.01, from step 4 on"),
            std::string::npos)
      << result.err;
}

TEST(Train, TheHistoryIsJudgedAsTheTrainingWas) {
  const TemporaryFolder folder;
  const std::string history = folder.file("run.jsonl");
  const json trained =
      train_json({"--network", "exploding", "--steps", "30", "--history", history});
  const ProgramResult judged = run_program({"diagnose", history, "--json", "-"});
  const json again = json::parse(judged.out);
  for (const char* key : {"verdict", "severity", "steps", "first_step", "last_step"}) {
    EXPECT_EQ(again["run"][key], trained["run"][key]) << key;
  }
  EXPECT_EQ(again["run"]["findings"].size(), trained["run"]["findings"].size());
  EXPECT_EQ(again["events"].size(), trained["events"].size());
}

TEST(Train, AHistoryGoesOnWhereTheTrainingIsResumed) {
  const TemporaryFolder folder;
  const std::string history = folder.file("run.jsonl");
  const std::string state = folder.file("state");
  ASSERT_EQ(
      run_train({"--network", "relu", "--steps", "10", "--history", history, "--checkpoint", state})
          .exit_code,
      0);
  ASSERT_EQ(
      run_train({"--network", "relu", "--steps", "25", "--history", history, "--resume", state})
          .exit_code,
      0);
  const json judged = json::parse(run_program({"diagnose", history, "--json", "-"}).out);
  EXPECT_EQ(judged["run"]["steps"], 25);
  EXPECT_EQ(judged["run"]["last_step"], 24);
}

TEST(Train, AHistoryIsNotMixedWithThatOfAnotherTraining) {
  const TemporaryFolder folder;
  const TrainArguments arguments = {"--network", "relu",      "--steps",
                                    "5",         "--history", folder.file("a")};
  ASSERT_EQ(run_train(arguments).exit_code, 0);
  const std::string before = read_file(folder.file("a"));
  const ProgramResult again = run_train(arguments);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_NE(again.err.find(folder.file("a")), std::string::npos) << again.err;
  EXPECT_EQ(read_file(folder.file("a")), before);
}

TEST(Train, AHistoryOnAFullDiskIsToldOnceAndTheTrainingGoesOn) {
  const ProgramResult result =
      run_train({"--network", "relu", "--steps", "20", "--history", "/dev/full"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.out.find("The run was healthy over 20 steps"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("No space left on device"), std::string::npos) << result.out;
  EXPECT_EQ(result.err.find("the training goes on"), result.err.rfind("the training goes on"));
}

TEST(Train, LimitsOfAFileJudge) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("limits"))
      << R"({"backward_factor_high": {"warning": 1e6, "critical": 1e7},
    "forward_gain_high": {"warning": 1e3, "critical": 1e4}})";
  const json report =
      train_json({"--network", "exploding", "--steps", "5", "--thresholds", folder.file("limits")});
  for (const json& finding : report["run"]["findings"]) EXPECT_NE(finding["rule"], "R2");
  EXPECT_EQ(report["thresholds"]["backward_factor_high"]["warning"], 1e6);
}

TEST(Train, SignalsAreToldWhereAskedForAndChangeNoBit) {
  const TemporaryFolder folder;
  const std::string table = write_table(folder);
  const auto arguments = [&](const std::string& checkpoint) {
    return TrainArguments{"--data",  table,         "--target",     "y",
                          "--model", "2-16-relu-1", "--steps",      "100",
                          "--batch", "20",          "--checkpoint", folder.file(checkpoint)};
  };
  TrainArguments asked = arguments("with");
  asked.insert(asked.end(),
               {"--signals", "cosine,noise", "--history", folder.file("history.jsonl")});
  const json report = train_json(asked);
  EXPECT_EQ(report["noise"]["batch"], 20);
  EXPECT_GT(report["noise"]["scale"], 0.0);
  EXPECT_EQ(report["cosine"]["steps"], 99);
  EXPECT_LE(report["cosine"]["last"], 1.0);
  EXPECT_GE(report["cosine"]["last"], -1.0);
  ASSERT_EQ(report["cosine"]["tensors"].size(), 4U);
  EXPECT_EQ(report["cosine"]["tensors"][0]["name"], "dense/kernel");
  EXPECT_TRUE(report["cosine"]["tensors"][0]["mean"].is_number());

  const json silent = train_json(arguments("without"));
  EXPECT_EQ(silent["noise"], nullptr);
  EXPECT_EQ(silent["cosine"], nullptr);
  EXPECT_EQ(silent["run"], report["run"]);
  EXPECT_EQ(read_file(folder.file("with")), read_file(folder.file("without")));

  const ProgramResult text = run_train(asked);
  EXPECT_EQ(text.exit_code, 2) << "the history is there";
  EXPECT_EQ(run_program({"diagnose", folder.file("history.jsonl")}).exit_code, 0);
}

TEST(Train, TheNoiseScaleSaysWhatItMeansForTheBatch) {
  const TemporaryFolder folder;
  const ProgramResult result = run_train({"--data", write_table(folder), "--target", "y", "--model",
                                          "2-16-relu-1", "--steps", "50", "--signals", "noise"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::size_t line = result.out.find("   noise scale     ");
  ASSERT_NE(line, std::string::npos) << result.out;
  EXPECT_LT(result.out.find("batches of 32", line), result.out.find('\n', line)) << result.out;
  EXPECT_EQ(result.out.find("   cosine "), std::string::npos);
}

TEST(Train, AlertsReachTheCommandAsJson) {
  const TemporaryFolder folder;
  const ProgramResult result =
      run_train({"--network", "exploding", "--steps", "20", "--on-alert",
                 "sh -c 'cat >> " + folder.file("alerts") + "; echo heard'"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("heard\n"), std::string::npos) << result.err;
  EXPECT_EQ(result.out.find("heard"), std::string::npos);
  std::ifstream lines(folder.file("alerts"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const json alert = json::parse(line);
  EXPECT_EQ(alert["schema"], "gradvitals.alert/1");
  EXPECT_EQ(alert["event"], "began");
  EXPECT_EQ(alert["severity"], "critical");
  EXPECT_EQ(alert["verdict"], "exploding");
  EXPECT_EQ(alert["first_step"], 0);
}

TEST(Train, ACommandThatHangsIsEndedAndNamedInTheReport) {
  const TemporaryFolder folder;
  const ProgramResult result = run_train({"--network", "exploding", "--steps", "20", "--on-alert",
                                          "sleep 100", "--alert-limit", "0.2"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("the alert command sleep did not end within 0.2 s"), std::string::npos)
      << result.err;
  EXPECT_NE(result.out.find("alerts did not get through the command"), std::string::npos)
      << result.out;
}

TEST(Train, CtrlCEndsCleanlyWithACheckpointAndAReport) {
  for (const auto& [signal, code] : {std::pair{"INT", 130}, std::pair{"TERM", 143}}) {
    const TemporaryFolder folder;
    // A shell ignores SIGINT in what it runs in the background; timeout does not. What it runs is
    // ended only after its first line of progress is due. In the foreground it sends one signal;
    // else a second one to its group, which ends the program at once.
    const std::string line = fmt::format(
        "timeout --foreground --preserve-status -s {} 1 \"$gradvitals\" train --device cpu "
        "--network relu "
        "--steps 100000000 --checkpoint '{}' --json '{}' > '{}' 2> /dev/null",
        signal, folder.file("state"), folder.file("json"), folder.file("text"));
    EXPECT_EQ(run_in_shell(line), code);
    const json report = json::parse(read_file(folder.file("json")));
    EXPECT_EQ(report["interruption"], std::string("SIG") + signal);
    EXPECT_EQ(report["complete"], false);
    EXPECT_GT(report["steps"], 0);
    EXPECT_TRUE(std::filesystem::exists(folder.file("state")));
    EXPECT_NE(read_file(folder.file("text")).find(" of 100000000; ended by SIG"),
              std::string::npos);
  }
}

TEST(Train, ACheckpointThatCannotBeWrittenDoesNotEndTheTraining) {
  const TemporaryFolder folder;
  const ProgramResult result = run_train(
      {"--network", "relu", "--steps", "20", "--checkpoint", folder.file("missing/state")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("the training goes on"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("The run was healthy over 20 steps"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("missing/state"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace gradvitals::test
