// Contract: a checkpoint, a history or an incident given where another kind of file is read is called by
// its name, with what takes it. Oracle: files that a training wrote.
#include "app/own_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/app/run_train.h"
#include "tests/support/texts.h"

namespace gradvitals::app {
namespace {

using test::contains;
using test::ProgramResult;
using test::run_program;

/// A training that explodes at once leaves all three.
class OwnFile : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult trained = test::run_train(
        {"--network", "exploding", "--head", "linear", "--optimizer", "sgd", "--steps", "10",
         "--history", history_, "--checkpoint", checkpoint_, "--incidents", incidents_});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    incident_ = std::filesystem::directory_iterator(incidents_)->path().native();
  }

  void expect_refused(const std::vector<std::string>& words, const std::string& path,
                      const std::string& text) const {
    const ProgramResult result = run_program(words);
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_TRUE(contains(result.err, "gradvitals: " + path + ": " + text)) << result.err;
  }

  test::TemporaryFolder folder_;
  std::string history_ = folder_.file("run.jsonl");
  std::string checkpoint_ = folder_.file("state.safetensors");
  std::string incidents_ = folder_.file("incidents");
  std::string incident_;
};

TEST_F(OwnFile, IsNamedWhereDataOrAModelAreRead) {
  expect_refused({"diagnose", checkpoint_}, checkpoint_, "is the checkpoint of a training");
  expect_refused({"prescribe", checkpoint_, "--data", history_}, checkpoint_,
                 "is the checkpoint of a training");
  expect_refused({"checkup", checkpoint_, "--data", history_}, checkpoint_,
                 "is the checkpoint of a training");
  expect_refused({"train", "--data", history_, "--target", "0"}, history_,
                 "is the history of a run: gradvitals diagnose judges it");
  expect_refused({"train", "--data", checkpoint_}, checkpoint_, "is the checkpoint of a training");
  expect_refused({"train", "--data", incident_}, incident_, "is an incident of a training");
  expect_refused({"prescribe", "--model", "2-1", "--data", history_, "--target", "0"}, history_,
                 "is the history of a run");
}

TEST_F(OwnFile, AnIncidentIsDiagnosedByItsSteps) {
  const std::string steps =
      run_program({"diagnose", incident_ + "/steps.jsonl", "--json", "-"}).out;
  for (const std::string& path : {incident_, incident_ + "/incident.json"}) {
    const ProgramResult result = run_program({"diagnose", path, "--json", "-"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, steps);
  }
}

TEST_F(OwnFile, OtherFilesAreNotTakenForOne) {
  std::ofstream(folder_.file("table.csv")) << "a,b\n1,2\n";
  for (const std::string& path : {folder_.file("table.csv"), folder_.file("none"), folder_.path(),
                                  std::string("-"), std::string("/dev/null")}) {
    EXPECT_EQ(own_file_text(path), "") << path;
    EXPECT_EQ(steps_of_incident(path), path);
  }
}

}  // namespace
}  // namespace gradvitals::app
