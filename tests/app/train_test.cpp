// Contract: `gradvitals train` trains, and tells how it went on stdout alone. Oracles: the texts below,
// JSON of its own output.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/app/run_train.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

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

TEST(Train, TheRunIsDrawnThoughNoHistoryIsKept) {
  const TemporaryFolder folder;
  const std::string script = folder.file("run.gp");
  const ProgramResult result =
      run_train({"--network", "exploding", "--steps", "20", "--plot", script});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string text = read_file(script);
  for (const char* part : {"critical: The run has been exploding since step 0", "'Loss'",
                           "'dense_3/kernel'", "'Every step is drawn."}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Train, AFigureThatCannotBeWrittenIsToldBeforeTheTraining) {
  const ProgramResult result =
      run_train({"--network", "relu", "--steps", "20", "--plot", "/no/such/folder/run.png"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--plot"), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
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
      train_json({"--data", write_points(folder), "--target", "y", "--model", "2-16-tanh-1-sigmoid",
                  "--loss", "binary_cross_entropy", "--learning-rate", "0.02", "--epochs", "40"});
  EXPECT_EQ(report["validation"]["score_name"], "accuracy");
  EXPECT_GE(report["validation"]["score"], 0.85);
  EXPECT_EQ(report["validation"]["samples"], 20);
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

}  // namespace
}  // namespace gradvitals::test
