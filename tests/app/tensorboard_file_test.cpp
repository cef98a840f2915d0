// Contract: app/tensorboard_file.h, and `gradvitals train --tensorboard`: one file, in a folder of
// its own, that grows while it trains, and what becomes of it where it cannot. Oracles: the file
// system, and two trainings compared.
#include "app/tensorboard_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/app/run_train.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using app::TensorBoardFile;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path().native());
  }
  return files;
}

void add_step(TensorBoardFile& file, std::int64_t step) {
  HealthMetrics metrics = metrics_from_norms({0.5});
  metrics.loss = 1.0;
  const StepContext context;
  const VitalSigns signs;
  file.add({.step = step, .metrics = metrics, .context = context, .signs = signs});
}

/// What a full disk is to this process, for as long as it lives.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }

 private:
  rlimit before_{};
  void (*before_handler_)(int) = SIG_DFL;
};

TEST(TensorBoardFile, ItsNameIsOneThatTensorBoardFollows) {
  const TemporaryFolder folder;
  const TensorBoardFile file(folder.file("runs/a"), {.run = "r"}, 0, false);
  const TensorBoardFile other(folder.file("runs/a"), {.run = "r"}, 0, false);
  const std::string name = std::filesystem::path(file.path()).filename().native();
  EXPECT_TRUE(
      std::regex_match(name, std::regex(R"(events\.out\.tfevents\.\d{10}\.[\w.-]+\.\d+\.0)")))
      << name;
  EXPECT_NE(file.path(), other.path());
  EXPECT_EQ(files_in(folder.file("runs/a")).size(), 2U);
}

TEST(TensorBoardFile, StepsWaitUntilTheyAreFlushedOrManyBytes) {
  const TemporaryFolder folder;
  TensorBoardFile file(folder.file("runs"), {.run = "r"}, 0, false);
  const auto begun = std::filesystem::file_size(file.path());
  EXPECT_GT(begun, 500U) << "what it holds";
  add_step(file, 0);
  file.flush();
  const auto flushed = std::filesystem::file_size(file.path());
  EXPECT_GT(flushed, begun);
  for (std::int64_t step = 1; step < 20'000; ++step) add_step(file, step);
  EXPECT_GT(std::filesystem::file_size(file.path()), flushed + (1U << 20U) - (1U << 12U));
  EXPECT_EQ(file.missing_text(), "");
}

TEST(TensorBoardFile, AFullDiskCutsNoRecordIsToldOnceAndEndsNothing) {
  const TemporaryFolder folder;
  TensorBoardFile file(folder.file("runs"), {.run = "r"}, 0, false);
  add_step(file, 0);
  file.flush();
  const std::string whole = read_file(file.path());
  {
    const FullDisk full(whole.size() + 10);
    add_step(file, 1);
    add_step(file, 2);
    file.flush();
    const auto complaint = file.take_complaint();
    ASSERT_TRUE(complaint);
    EXPECT_TRUE(contains(*complaint, file.path() + ": File too large")) << *complaint;
    EXPECT_EQ(read_file(file.path()), whole);
    add_step(file, 3);
    file.flush();
    EXPECT_FALSE(file.take_complaint());
  }
  EXPECT_EQ(file.missing_text(), file.path() + ": 3 steps are missing: File too large");
  add_step(file, 4);
  file.flush();
  EXPECT_GT(read_file(file.path()).size(), whole.size());
}

TEST(TrainTensorBoard, ItChangesNoBitAndLeavesOneFile) {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& checkpoint) {
    return TrainArguments{"--network", "relu", "--steps", "30", "--checkpoint", checkpoint};
  };
  ASSERT_EQ(run_train(arguments(folder.file("a"))).exit_code, 0);
  TrainArguments shown = arguments(folder.file("b"));
  shown.insert(shown.end(), {"--tensorboard", folder.file("runs"), "--json", folder.file("json")});
  ASSERT_EQ(run_train(shown).exit_code, 0);
  EXPECT_EQ(read_file(folder.file("a")), read_file(folder.file("b")));
  const std::vector<std::string> files = files_in(folder.file("runs"));
  ASSERT_EQ(files.size(), 1U);
  const std::string events = read_file(files[0]);
  EXPECT_EQ(count_of(events, "training/loss"), 30);
  // Steps 0, 1, 2, 10 and 20.
  EXPECT_EQ(count_of(events, "gradient_histogram/dense/kernel"), 5);
  EXPECT_EQ(count_of(events, "weight_histogram/dense/kernel"), 5);
  EXPECT_EQ(count_of(events, "vital_signs/backward_factor"), 5);
  const auto report = nlohmann::json::parse(read_file(folder.file("json")));
  EXPECT_EQ(report["files"]["tensorboard"], folder.file("runs"));
}

TEST(TrainTensorBoard, AnotherRunNeedsAnotherFolderUnlessItGoesOn) {
  const TemporaryFolder folder;
  TrainArguments arguments = {
      "--network",    "relu",           "--steps",       "5",
      "--checkpoint", folder.file("a"), "--tensorboard", folder.file("runs")};
  ASSERT_EQ(run_train(arguments).exit_code, 0);
  const ProgramResult again = run_train(arguments);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_TRUE(contains(again.err, "holds the events of a run already")) << again.err;
  EXPECT_TRUE(contains(again.err, "name a folder of its own")) << again.err;
  arguments[3] = "9";
  arguments.insert(arguments.end(), {"--resume", folder.file("a")});
  EXPECT_EQ(run_train(arguments).exit_code, 0);
  EXPECT_EQ(files_in(folder.file("runs")).size(), 2U);
}

TEST(TrainTensorBoard, AFolderThatCannotBeMadeIsNamedBeforeTheFirstStep) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("file")) << "x";
  const ProgramResult result =
      run_train({"--network", "relu", "--steps", "5", "--tensorboard", folder.file("file/runs")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--tensorboard: cannot write ")) << result.err;
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace gradvitals::test
