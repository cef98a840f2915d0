// Contract: what `gradvitals train` keeps: checkpoints, a history, and all of it at Ctrl-C; and that what
// cannot be written is named before the first step. Oracles: two runs compared byte for byte, the file
// system.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/app/run_train.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

TEST(TrainKeeping, AResumedTrainingEndsWithTheSameBits) {
  const TemporaryFolder folder;
  const std::string table = write_points(folder);
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

TEST(TrainKeeping, AnotherModelCannotResume) {
  const TemporaryFolder folder;
  const std::string table = write_points(folder);
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

TEST(TrainKeeping, NothingIsLeftToTrainWhereTheCheckpointIsOfTheEnd) {
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

TEST(TrainKeeping, AResumedTrainingMayHaveAnotherLearningRateAndSaysSo) {
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

TEST(TrainKeeping, TheHistoryIsJudgedAsTheTrainingWas) {
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

TEST(TrainKeeping, AHistoryGoesOnWhereTheTrainingIsResumed) {
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

TEST(TrainKeeping, AHistoryIsNotMixedWithThatOfAnotherTraining) {
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

TEST(TrainKeeping, AHistoryOnAFullDiskIsToldOnceAndTheTrainingGoesOn) {
  const ProgramResult result =
      run_train({"--network", "relu", "--steps", "20", "--history", "/dev/full"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.out.find("The run was healthy over 20 steps"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("No space left on device"), std::string::npos) << result.out;
  EXPECT_EQ(result.err.find("the training goes on"), result.err.rfind("the training goes on"));
}

TEST(TrainKeeping, CtrlCEndsCleanlyWithACheckpointAndAReport) {
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

TEST(TrainKeeping, ACheckpointOnAFullDiskDoesNotEndTheTraining) {
  const ProgramResult result =
      run_train({"--network", "relu", "--steps", "100", "--checkpoint", "/dev/full"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "the training goes on")) << result.err;
  EXPECT_TRUE(contains(result.out, "The run was healthy over 100 steps")) << result.out;
  EXPECT_TRUE(contains(result.out, "/dev/full")) << result.out;
}

TEST(TrainKeeping, AnOutputThatCannotBeWrittenIsNamedBeforeTheFirstStep) {
  const TemporaryFolder folder;
  for (const std::string option : {"--json", "--checkpoint", "--history"}) {
    for (const auto& [path, reason] :
         {std::pair{folder.file("missing/a"), "the folder " + folder.file("missing")},
          std::pair{folder.path(), std::string("Is a directory")}}) {
      const ProgramResult result =
          run_train({"--network", "relu", "--steps", "3000", option, path});
      EXPECT_EQ(result.exit_code, 2) << option;
      EXPECT_EQ(result.out, "");
      EXPECT_TRUE(result.err.starts_with("gradvitals: " + option + ": cannot write " + path))
          << result.err;
      EXPECT_TRUE(contains(result.err, reason)) << result.err;
    }
  }
  EXPECT_TRUE(folder.entries().empty());
}

TEST(TrainKeeping, IncidentsNeedAFolder) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("a")) << "a file";
  std::ofstream(folder.file("run-incidents")) << "a file";
  const ProgramResult asked =
      run_train({"--network", "relu", "--steps", "3000", "--incidents", folder.file("a/b")});
  EXPECT_EQ(asked.exit_code, 2);
  EXPECT_TRUE(
      contains(asked.err, "--incidents: cannot write " + folder.file("a/b") + ": Not a directory"))
      << asked.err;
  const ProgramResult beside =
      run_train({"--network", "relu", "--steps", "3000", "--history", folder.file("run.jsonl")});
  EXPECT_EQ(beside.exit_code, 2);
  EXPECT_TRUE(contains(beside.err, "the incidents beside --history: cannot write ")) << beside.err;
  EXPECT_EQ(folder.entries(), (std::vector<std::string>{"a", "run-incidents"}));
}

TEST(TrainKeeping, OutputsThatAreThereStayAsTheyAreUntilTheEnd) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("report")) << "an older report";
  // The data are missing: nothing is trained.
  EXPECT_EQ(run_train({"--data", folder.file("none.csv"), "--target", "y", "--json",
                       folder.file("report"), "--checkpoint", folder.file("state"), "--incidents",
                       folder.file("x/incidents")})
                .exit_code,
            2);
  EXPECT_EQ(read_file(folder.file("report")), "an older report");
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"report"});
}

TEST(TrainKeeping, AReportGoesDownAPipeByName) {
  EXPECT_EQ(
      run_in_shell("\"$gradvitals\" train --device cpu --network relu --steps 3 --json "
                   "/dev/stdout 2> /dev/null | grep -q '\"schema\": \"gradvitals.training/1\"'"),
      0);
}

TEST(TrainKeeping, WithoutTreatmentAResumedTrainingIsUnclipped) {
  const TemporaryFolder folder;
  const auto arguments = [&](const char* steps, const char* checkpoint) {
    return TrainArguments{"--network", "relu", "--optimizer",  "sgd",
                          "--steps",   steps,  "--checkpoint", folder.file(checkpoint)};
  };
  TrainArguments clipped = arguments("10", "clipped");
  clipped.insert(clipped.end(), {"--treat", "clip", "--clip-norm", "1e-6"});
  ASSERT_EQ(run_train(clipped).exit_code, 0);
  const auto resume = [&](const TrainArguments& more) {
    TrainArguments words = arguments("30", "resumed");
    words.insert(words.end(), {"--resume", folder.file("clipped")});
    words.insert(words.end(), more.begin(), more.end());
    return run_train(words);
  };
  const ProgramResult treated = resume({"--treat", "clip", "--clip-norm", "1e-6"});
  ASSERT_EQ(treated.exit_code, 0) << treated.err;
  const std::string still_clipped = read_file(folder.file("resumed"));
  const ProgramResult untreated = resume({});
  ASSERT_EQ(untreated.exit_code, 0) << untreated.err;
  EXPECT_TRUE(contains(untreated.err, "clipping, skipping and cuts of the learning rate end here"))
      << untreated.err;
  EXPECT_NE(read_file(folder.file("resumed")), still_clipped);
  EXPECT_FALSE(contains(untreated.out, "treated"));
}

}  // namespace
}  // namespace gradvitals::test
