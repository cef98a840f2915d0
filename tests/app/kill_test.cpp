// Contract: `gradvitals train` may be killed at any moment: its history is read up to the last
//           line, its checkpoint is whole, and the training that is resumed from it ends with the
//           bits of an unbroken one, of whose history it has every step once.
// Oracle:   the unbroken training.
// As many kills as the build says: few among the tests, fifty among the long ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "kernels/runtime/stream.h"
#include "monitor/history/history_reader.h"
#include "tests/app/run_program.h"
#include "training/checkpoint.h"

namespace gradvitals::test {
namespace {

using Microseconds = std::chrono::microseconds;

constexpr int kKillsInAll = GRADVITALS_KILLS;
/// One training is killed so often at most, and then left to end.
constexpr int kMostKillsOfARun = 10;
constexpr int kStepsOfARun = 400;
/// Few steps lie between checkpoints, so that many kills fall into the writing of one.
constexpr int kStepsOfACheckpoint = 7;
constexpr int kKilledExitCode = 128 + 9;
/// It was killed after its last checkpoint, and the resumed one has no step left.
constexpr int kNothingLeftExitCode = 3;

/// The steps of a history, in its order, with what the reader says of it.
struct ReadHistory {
  std::vector<HistoryStep> steps;
  HistoryNotes notes;
};

ReadHistory read_history(const std::string& path) {
  ReadHistory history;
  const std::string text = read_file(path);
  HistoryReader reader(text, path);
  while (auto record = reader.next()) {
    if (auto* const step = std::get_if<HistoryStep>(&*record)) {
      history.steps.push_back(std::move(*step));
    }
  }
  history.notes = reader.notes();
  return history;
}

/// One training and its files.
class KilledTraining {
 public:
  explicit KilledTraining(int seed) : seed_(seed) {}

  std::vector<std::string> arguments() const {
    std::vector<std::string> words = {"train",
                                      "--network",
                                      "relu",
                                      "--device",
                                      "cpu",
                                      "--threads",
                                      "1",
                                      "--steps",
                                      std::to_string(kStepsOfARun),
                                      "--seed",
                                      std::to_string(seed_),
                                      "--history",
                                      history_,
                                      "--checkpoint",
                                      checkpoint_,
                                      "--checkpoint-every",
                                      std::to_string(kStepsOfACheckpoint)};
    if (std::filesystem::exists(checkpoint_)) words.insert(words.end(), {"--resume", checkpoint_});
    return words;
  }

  /// Runs to the end. How long that takes.
  Microseconds run_to_end() const {
    const auto start = std::chrono::steady_clock::now();
    expect_ended(run_program(arguments()));
    return std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - start);
  }

  /// Whether it came to its end before.
  bool run_and_die(Microseconds after) {
    const ProgramResult result = run_and_kill(arguments(), after);
    if (result.exit_code == kKilledExitCode) {
      ++kills_;
      return false;
    }
    expect_ended(result);
    return true;
  }

  /// What a kill has left can be read, and is that of steps that were made.
  void expect_readable() const {
    if (!std::filesystem::exists(history_) || std::filesystem::is_empty(history_)) {
      EXPECT_FALSE(std::filesystem::exists(checkpoint_));
      return;
    }
    const ReadHistory history = read_history(history_);
    EXPECT_EQ(history.notes.damaged_lines, 0) << history.notes.first_damage;
    EXPECT_LE(history.notes.cut_lines, kills_);
    for (std::size_t i = 0; i < history.steps.size(); ++i) {
      ASSERT_EQ(history.steps[i].metrics.step, static_cast<std::int64_t>(i));
    }
    if (!std::filesystem::exists(checkpoint_)) return;
    Stream stream({.device = DeviceType::kCpu, .threads = 1});
    const Checkpoint checkpoint = read_checkpoint(stream, checkpoint_);
    EXPECT_GE(checkpoint.step, kStepsOfACheckpoint);
    // The row of a step is written before the checkpoint of the state before its update.
    EXPECT_LE(checkpoint.step, std::ssize(history.steps));
  }

  /// Nothing can be resumed: the history is of no use.
  void clear_where_it_must_begin_anew() const {
    if (!std::filesystem::exists(checkpoint_)) std::filesystem::remove(history_);
  }

  static void expect_ended(const ProgramResult& result) {
    EXPECT_TRUE(result.exit_code == 0 || result.exit_code == kNothingLeftExitCode) << result.err;
  }

  ReadHistory history() const { return read_history(history_); }
  std::string checkpoint() const { return read_file(checkpoint_); }
  int kills() const { return kills_; }
  std::vector<std::string> files() const { return folder_.entries(); }

 private:
  int seed_;
  TemporaryFolder folder_;
  std::string history_ = folder_.file("run.jsonl");
  std::string checkpoint_ = folder_.file("state");
  int kills_ = 0;
};

void expect_same(const HistoryStep& step, const HistoryStep& expected) {
  EXPECT_EQ(step.metrics.step, expected.metrics.step);
  EXPECT_EQ(step.metrics.loss, expected.metrics.loss);
  EXPECT_EQ(step.context.learning_rate, expected.context.learning_rate);
  EXPECT_EQ(step.context.is_checkup, expected.context.is_checkup);
  ASSERT_EQ(step.metrics.tensors.size(), expected.metrics.tensors.size());
  for (std::size_t i = 0; i < step.metrics.tensors.size(); ++i) {
    const TensorRecord& tensor = step.metrics.tensors[i];
    EXPECT_EQ(tensor.name, expected.metrics.tensors[i].name);
    EXPECT_EQ(tensor.role, expected.metrics.tensors[i].role);
    EXPECT_EQ(tensor.stats, expected.metrics.tensors[i].stats) << tensor.name;
  }
}

void expect_same(const ReadHistory& history, const ReadHistory& expected) {
  ASSERT_EQ(history.steps.size(), expected.steps.size());
  for (std::size_t i = 0; i < history.steps.size(); ++i) {
    SCOPED_TRACE(fmt::format("step {}", i));
    ASSERT_NO_FATAL_FAILURE(expect_same(history.steps[i], expected.steps[i]));
  }
}

TEST(KilledTrain, IsResumedFromAnyMomentAndEndsWithTheBitsOfTheUnbrokenOne) {
  std::mt19937 random(17);
  int kills = 0;
  std::int64_t cut_lines = 0;
  std::int64_t superseded_rows = 0;
  std::ptrdiff_t drafts = 0;
  int trainings = 0;
  for (; kills < kKillsInAll && trainings < kKillsInAll && !testing::Test::HasFailure();
       ++trainings) {
    SCOPED_TRACE(fmt::format("seed {}", trainings));
    const KilledTraining unbroken(trainings);
    const Microseconds whole = unbroken.run_to_end();
    ASSERT_EQ(unbroken.files(), (std::vector<std::string>{"run.jsonl", "state"}));
    // Starting and reading take their time as well: a kill may come there.
    std::uniform_int_distribution<std::int64_t> moment(0, whole.count() / 3);
    KilledTraining killed(trainings);
    const int most = std::min(kMostKillsOfARun, kKillsInAll - kills);
    bool has_ended = false;
    while (!has_ended && killed.kills() < most) {
      has_ended = killed.run_and_die(Microseconds(moment(random)));
      ASSERT_NO_FATAL_FAILURE(killed.expect_readable());
      killed.clear_where_it_must_begin_anew();
    }
    kills += killed.kills();
    if (!has_ended) killed.run_to_end();

    EXPECT_TRUE(killed.checkpoint() == unbroken.checkpoint()) << "other bits than the unbroken one";
    const ReadHistory history = killed.history();
    expect_same(history, unbroken.history());
    EXPECT_EQ(history.notes.damaged_lines, 0) << history.notes.first_damage;
    cut_lines += history.notes.cut_lines;
    superseded_rows += history.notes.superseded_rows;
    drafts += std::ssize(killed.files()) - 2;
  }
  EXPECT_EQ(kills, kKillsInAll);
  // A draft of a checkpoint has a name during the rename alone: a kill leaves one at most.
  EXPECT_LE(drafts, kKillsInAll);
  std::cout << fmt::format(
      "{} kills of {} trainings: {} lines cut, {} rows made again, {} drafts left\n", kills,
      trainings, cut_lines, superseded_rows, drafts);
}

}  // namespace
}  // namespace gradvitals::test
