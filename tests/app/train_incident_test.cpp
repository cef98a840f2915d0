// Contract: `gradvitals train` treats where it is allowed to, keeps incidents, and makes their steps again
// (--treat, --incidents, --replay). Oracles: the texts below, JSON of its own output, two runs compared.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

bool has_text(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A plane that is learnt in seconds, and lost at once with a large learning rate.
class TrainIncident : public testing::Test {
 protected:
  TrainIncident() {
    std::ofstream file(table_);
    file << "a,b,y\n";
    for (int i = 0; i < 200; ++i) {
      const double a = (i * 37 % 101) / 50.0 - 1.0;
      const double b = (i * 53 % 97) / 48.0 - 1.0;
      file << fmt::format("{},{},{}\n", a, b, 3.0 * a - b);
    }
  }

  ProgramResult train(double rate, const Words& more) {
    Words words = {"train",
                   "--device",
                   "cpu",
                   "--threads",
                   "1",
                   "--data",
                   table_,
                   "--target",
                   "y",
                   "--model",
                   "2-16-relu-1",
                   "--optimizer",
                   "sgd",
                   "--learning-rate",
                   fmt::format("{}", rate),
                   "--steps",
                   "60"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }

  TemporaryFolder folder_;
  std::string table_ = folder_.file("plane.csv");
  std::string history_ = folder_.file("run.jsonl");
  std::string incidents_ = folder_.file("run-incidents");
};

TEST_F(TrainIncident, IsKeptBesideTheHistoryAndMadeAgainFromItsFolderAlone) {
  const ProgramResult result = train(5.0, {"--history", history_});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  ASSERT_TRUE(fs::is_directory(incidents_)) << result.err;
  const std::string incident = fs::directory_iterator(incidents_)->path().native();
  EXPECT_TRUE(has_text(result.err, "gradvitals train --replay " + incidents_)) << result.err;
  EXPECT_TRUE(
      has_text(result.out, "incident        " + incidents_ + "/incident-2: exploding (R17)\n"))
      << result.out;

  for (const std::string& path : {incident, incident + "/incident.json"}) {
    const ProgramResult again = run_program({"train", "--replay", path});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_TRUE(has_text(again.out, "Loss, gradients and weights are those that were recorded."))
        << again.out;
    EXPECT_TRUE(has_text(again.out, "of the file, from 0 and without a header)")) << again.out;
  }
  const ProgramResult judged = run_program({"diagnose", incident + "/steps.jsonl"});
  EXPECT_EQ(judged.exit_code, 0) << judged.err;
  EXPECT_TRUE(has_text(judged.out, "R17")) << judged.out;
}

TEST_F(TrainIncident, ReplayWritesNothingAndFindsDataFromTheFolderOfItsCommand) {
  ASSERT_EQ(
      train(5.0, {"--history", history_, "--checkpoint", folder_.file("c.safetensors")}).exit_code,
      0);
  const std::string incident = fs::directory_iterator(incidents_)->path().native();
  const std::string path = incident + "/incident.json";
  nlohmann::json changed = nlohmann::json::parse(read_file(path));
  for (nlohmann::json& word : changed["command"]) {
    if (word == table_) word = "plane.csv";
  }
  changed["settings"]["folder"] = folder_.path();
  std::ofstream(path) << changed;
  const std::string before = read_file(history_);
  const auto time = fs::last_write_time(folder_.file("c.safetensors"));
  const ProgramResult again = run_program({"train", "--replay", path});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(read_file(history_), before);
  EXPECT_EQ(fs::last_write_time(folder_.file("c.safetensors")), time);
}

TEST_F(TrainIncident, ReplayOfAnIncidentWithoutAUsableCommandIsRefusedByItsFile) {
  ASSERT_EQ(train(5.0, {"--incidents", incidents_}).exit_code, 0);
  const std::string path = fs::directory_iterator(incidents_)->path().native() + "/incident.json";
  const nlohmann::json good = nlohmann::json::parse(read_file(path));
  const auto refusal = [&](const Words& command) {
    nlohmann::json changed = good;
    changed["command"] = command;
    std::ofstream(path) << changed;
    const ProgramResult result = run_program({"train", "--replay", path});
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(result.err.starts_with("gradvitals: " + path)) << result.err;
    return result.err;
  };
  EXPECT_TRUE(has_text(refusal({}), "names no command"));
  EXPECT_TRUE(has_text(refusal({"--help"}), "is no training"));
  EXPECT_TRUE(has_text(refusal({"info"}), "cannot be run"));
  EXPECT_TRUE(has_text(refusal({"train", "--replay", path}), "is no training"));
  EXPECT_TRUE(has_text(refusal({"train", "--frob"}), "--frob"));
}

TEST_F(TrainIncident, OneThatCannotBeWrittenIsToldOnceAndNamedAtTheEnd) {
  // A folder that can be made, and whose files have paths longer than the system takes (4,095 bytes).
  std::string deep = folder_.file("deep");
  while (deep.size() < 3900) deep += "/" + std::string(100, 'd');
  deep += "/" + std::string(4079 - deep.size(), 'd');
  const ProgramResult result = train(5.0, {"--incidents", deep});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(has_text(result.err, "could not be kept")) << result.err;
  EXPECT_TRUE(has_text(result.err, "the training goes on")) << result.err;
  EXPECT_EQ(result.err.find("could not be kept"), result.err.rfind("could not be kept"));
  EXPECT_TRUE(has_text(result.out, "could not be kept")) << result.out;
  EXPECT_TRUE(has_text(result.err, "step 60 of 60")) << result.err;
}

TEST_F(TrainIncident, NothingIsKeptWhereNothingIsCriticalNorWithoutAHistory) {
  EXPECT_EQ(train(0.05, {"--history", history_}).exit_code, 0);
  EXPECT_FALSE(fs::exists(incidents_));
  EXPECT_EQ(train(5.0, {}).exit_code, 0);
  EXPECT_EQ(folder_.entries(), (Words{"plane.csv", "run.jsonl"}));
}

TEST_F(TrainIncident, TreatmentSavesATrainingAndIsToldAndRecorded) {
  const ProgramResult result =
      train(5.0, {"--history", history_, "--treat", "clip,skip,lr", "--clip-norm", "0.01", "--json",
                  folder_.file("report.json")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json report = nlohmann::json::parse(read_file(folder_.file("report.json")));
  EXPECT_EQ(report["treatment"]["clipped_steps"], 60);
  EXPECT_EQ(report["treatment"]["skipped_steps"], 0);
  EXPECT_TRUE(report["settings"]["treatment"].is_string());
  EXPECT_TRUE(has_text(result.out, "The run was healthy over 60 steps")) << result.out;
  EXPECT_TRUE(has_text(result.out, "60 steps clipped, 0 steps skipped")) << result.out;
  EXPECT_TRUE(has_text(result.err, "step 0: Clipped")) << result.err;
  EXPECT_TRUE(has_text(read_file(history_), R"({"event":"treatment","step":0,"kind":"clip")"));
}

TEST_F(TrainIncident, ReportsOfTrainingsWithoutTreatmentHaveNone) {
  const ProgramResult result = train(0.05, {"--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(nlohmann::json::parse(result.out)["treatment"].is_null());
}

TEST_F(TrainIncident, OptionsThatDoNotFitAreNamed) {
  const auto refusal = [&](const Words& words) {
    const ProgramResult result = run_program(words);
    EXPECT_EQ(result.exit_code, 2);
    return result.err;
  };
  EXPECT_TRUE(has_text(refusal({"train", "--network", "relu", "--treat", "clip,frob"}),
                       "'frob' is not one of clip, skip, lr"));
  EXPECT_TRUE(has_text(refusal({"train", "--network", "relu", "--treat", ""}), "clip, skip, lr"));
  EXPECT_TRUE(
      has_text(refusal({"train", "--network", "relu", "--treat", "skip", "--clip-norm", "1"}),
               "--clip-norm needs --treat clip"));
  EXPECT_TRUE(has_text(refusal({"train", "--replay", "a", "--network", "relu"}),
                       "--replay and --network cannot go together"));
  EXPECT_TRUE(has_text(refusal({"train", "--network", "relu", "--incidents", ""}), "--incidents"));
  EXPECT_TRUE(has_text(refusal({"train", "--replay", folder_.file("none")}), "none"));
}

}  // namespace
}  // namespace gradvitals::test
