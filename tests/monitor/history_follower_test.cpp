// Contract: HistoryFollower gives of a file that grows what HistoryReader gives of it as a whole, whatever
// its pieces, and says where what it gave counts no more. Oracle: HistoryReader on the same bytes.
#include "monitor/history/history_follower.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernels/runtime/error.h"
#include "monitor/history/history_writer.h"
#include "tests/monitor/history_fixtures.h"
#include "tests/support/temporary_folder.h"

namespace gradvitals::test {
namespace {

using FollowedFile = HistoryFollower::File;
using RestartReason = HistoryRestart::Reason;

class HistoryFollowerTest : public HistoryFile {
 protected:
  /// A history of steps from `first` up to `end`, one that goes on where `first` is not 0.
  void write_steps(std::int64_t first, std::int64_t end, const std::string& run = "r") const {
    HistoryOptions options = {.run = run, .settings = {}, .resume_step = {}};
    if (first > 0) options.resume_step = first;
    HistoryWriter writer(path_, options);
    for (std::int64_t step = first; step < end; ++step) {
      // Each time it is taken a step is another one.
      writer.add(light_step(step, 0.25F + 0.5F * static_cast<float>(first)));
      if (step % 5 == 4)
        writer.add_event(R"({"event": "treatment", "step": )" + std::to_string(step) + "}");
    }
  }

  void rewrite(const std::string& text) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
  }
};

/// What a follower has given since its last restart.
struct Followed {
  ReadHistory read;
  std::vector<HistoryRestart> restarts;

  /// Asks until there is no more.
  void take_all(HistoryFollower& follower) {
    while (auto record = follower.next()) {
      if (auto* step = std::get_if<HistoryStep>(&*record)) {
        read.steps.push_back(std::move(*step));
      } else if (auto* event = std::get_if<HistoryEvent>(&*record)) {
        read.events.push_back(std::move(*event));
      } else {
        restarts.push_back(std::get<HistoryRestart>(*record));
        read = {};
      }
    }
    read.notes = follower.notes();
  }
};

/// The fingerprint of a step: which it is, and whether it is the first attempt at it.
std::vector<std::pair<std::int64_t, double>> prints_of(const ReadHistory& read) {
  std::vector<std::pair<std::int64_t, double>> prints;
  for (const HistoryStep& step : read.steps) {
    prints.emplace_back(step.metrics.step.value_or(-1), step.metrics.gradient_norms.front());
  }
  return prints;
}

void expect_like_a_reader(const Followed& followed, const std::string& text) {
  const ReadHistory whole = read_history(text);
  EXPECT_EQ(prints_of(followed.read), prints_of(whole));
  ASSERT_EQ(followed.read.events.size(), whole.events.size());
  for (std::size_t i = 0; i < whole.events.size(); ++i) {
    EXPECT_EQ(followed.read.events[i].json, whole.events[i].json);
  }
  EXPECT_EQ(followed.read.notes.run, whole.notes.run);
  EXPECT_EQ(followed.read.notes.superseded_rows, whole.notes.superseded_rows);
  EXPECT_EQ(followed.read.notes.resumptions, whole.notes.resumptions);
  EXPECT_EQ(followed.read.notes.damaged_lines, whole.notes.damaged_lines);
  EXPECT_EQ(followed.read.notes.cut_lines, whole.notes.cut_lines);
}

TEST_F(HistoryFollowerTest, PiecesCutAnywhereGiveTheStepsOfOneRead) {
  write_steps(0, 12);
  append("[0,11,0.2");  // Killed here.
  write_steps(7, 20);
  write_steps(20, 24);
  append("nonsense\n");
  const std::string text = content();
  for (const std::size_t size : {1U, 3U, 17U, 101U, 997U, 5003U, 1000000U}) {
    SCOPED_TRACE(size);
    rewrite("");
    HistoryFollower follower(path_);
    Followed followed;
    for (std::size_t at = 0; at < text.size(); at += size) {
      append(text.substr(at, size));
      followed.take_all(follower);
    }
    expect_like_a_reader(followed, text);
    EXPECT_EQ(follower.bytes_read(), text.size());
    // A piece with both attempts at a step supersedes nothing that was given.
    EXPECT_EQ(followed.restarts.size(), size < 1000 ? 1U : 0U);
  }
}

TEST_F(HistoryFollowerTest, ALineIsWaitedForUntilItsLineFeed) {
  write_steps(0, 3);
  const std::string text = content();
  rewrite(text.substr(0, text.size() - 1));
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  EXPECT_EQ(followed.read.numbers(), (std::vector<std::int64_t>{0, 1}));
  EXPECT_LT(follower.bytes_read(), follower.bytes());
  append("\n");
  followed.take_all(follower);
  EXPECT_EQ(followed.read.numbers(), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(follower.bytes_read(), follower.bytes());
  EXPECT_TRUE(followed.restarts.empty());
}

TEST_F(HistoryFollowerTest, AFileThatIsNotThereYetIsAwaited) {
  HistoryFollower follower(path_);
  EXPECT_FALSE(follower.next());
  EXPECT_EQ(follower.file(), FollowedFile::kAwaited);
  append("{\"schema\":\"gradvitals.his");
  EXPECT_FALSE(follower.next());
  EXPECT_EQ(follower.file(), FollowedFile::kPresent);
  write_steps(0, 4);
  Followed followed;
  followed.take_all(follower);
  EXPECT_EQ(followed.read.numbers(), (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST_F(HistoryFollowerTest, ARunThatGoesBackComesAgainFromItsStart) {
  write_steps(0, 6);
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  write_steps(4, 8);
  followed.take_all(follower);
  ASSERT_EQ(followed.restarts.size(), 1U);
  EXPECT_EQ(followed.restarts.front().reason, RestartReason::kResumed);
  EXPECT_EQ(followed.restarts.front().step, 4);
  expect_like_a_reader(followed, content());
}

TEST_F(HistoryFollowerTest, ARunThatGoesOnBehindItsLastStepDoesNot) {
  write_steps(0, 6);
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  write_steps(6, 8);
  followed.take_all(follower);
  EXPECT_TRUE(followed.restarts.empty());
  expect_like_a_reader(followed, content());
  // What it superseded by then is found although its resumption was not there when reading began.
  write_steps(7, 9);
  followed.take_all(follower);
  ASSERT_EQ(followed.restarts.size(), 1U);
  expect_like_a_reader(followed, content());
}

TEST_F(HistoryFollowerTest, AFileThatLosesLinesIsReadAnew) {
  write_steps(0, 6);
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  const std::string text = content();
  std::filesystem::resize_file(path_, text.find("\n[0,3,") + 1);
  followed.take_all(follower);
  ASSERT_EQ(followed.restarts.size(), 1U);
  EXPECT_EQ(followed.restarts.front().reason, RestartReason::kCutShort);
  expect_like_a_reader(followed, content());
}

TEST_F(HistoryFollowerTest, APartOfALineThatItsWriterTakesBackWasNeverGiven) {
  write_steps(0, 4);
  const std::string text = content();
  append("[0,4,0.2,1");
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  std::filesystem::resize_file(path_, text.size());
  followed.take_all(follower);
  append(text.substr(text.find("\n[0,3,") + 1).replace(3, 1, "5"));
  followed.take_all(follower);
  EXPECT_TRUE(followed.restarts.empty());
  EXPECT_EQ(followed.read.numbers(), (std::vector<std::int64_t>{0, 1, 2, 3, 5}));
}

TEST_F(HistoryFollowerTest, AnotherRunUnderItsNameIsReadFromItsStart) {
  const std::string other = path_ + ".other";
  write_steps(0, 6, "first");
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  // By a rename, and in place by a longer one.
  std::filesystem::rename(path_, other);
  write_steps(0, 9, "second");
  followed.take_all(follower);
  ASSERT_EQ(followed.restarts.size(), 1U);
  EXPECT_EQ(followed.restarts.back().reason, RestartReason::kReplaced);
  EXPECT_EQ(followed.read.notes.run, "second");
  expect_like_a_reader(followed, content());
  std::filesystem::remove(other);
  std::filesystem::rename(path_, other);
  write_steps(0, 20, "third");
  const std::string third = content();
  std::filesystem::rename(other, path_);
  followed.take_all(follower);
  rewrite(third);
  followed.take_all(follower);
  EXPECT_EQ(followed.restarts.back().reason, RestartReason::kReplaced);
  expect_like_a_reader(followed, third);
}

TEST_F(HistoryFollowerTest, ACopyThatIsBroughtUpToDateGoesOn) {
  write_steps(0, 200);
  const std::string text = content();
  rewrite(text.substr(0, text.size() / 2));
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  const std::size_t before = followed.read.steps.size();
  ASSERT_GT(before, 50U);
  // As rsync does it: a longer file under the same name.
  std::filesystem::rename(path_, path_ + ".old");
  rewrite(text);
  followed.take_all(follower);
  std::filesystem::remove(path_ + ".old");
  EXPECT_TRUE(followed.restarts.empty());
  expect_like_a_reader(followed, text);
}

TEST_F(HistoryFollowerTest, AFileThatIsRemovedIsSaidToBe) {
  write_steps(0, 3);
  HistoryFollower follower(path_);
  Followed followed;
  followed.take_all(follower);
  std::filesystem::remove(path_);
  followed.take_all(follower);
  EXPECT_EQ(follower.file(), FollowedFile::kRemoved);
  EXPECT_EQ(followed.read.steps.size(), 3U);
  write_steps(0, 2, "another");
  followed.take_all(follower);
  EXPECT_EQ(follower.file(), FollowedFile::kPresent);
  ASSERT_EQ(followed.restarts.size(), 1U);
  EXPECT_EQ(followed.read.notes.run, "another");
}

std::string refusal_to_follow(const std::string& path) {
  HistoryFollower follower(path);
  try {
    while (follower.next()) {
    }
  } catch (const InputError& error) {
    return error.what();
  }
  return "taken";
}

TEST_F(HistoryFollowerTest, WhatIsNoHistoryIsRefusedAtOnce) {
  for (const std::string text : {"step,loss", "\n", "{\"schema\": 1}\n", "\x01\x02\x03", "[0,1"}) {
    rewrite(text);
    EXPECT_EQ(refusal_to_follow(path_),
              path_ +
                  ": line 1 is not the first of a history, which says \"gradvitals.history/1\"; "
                  "the option --history of a training writes one, and gradvitals diagnose reads "
                  "gradients from dumps and CSV")
        << text;
  }
  rewrite("");
  EXPECT_EQ(refusal_to_follow(path_), "taken");
}

TEST_F(HistoryFollowerTest, OnlyARegularFileCanBeFollowed) {
  const std::string why = ": is no regular file, and only one of those can be followed";
  const std::string folder = testing::TempDir();
  EXPECT_EQ(refusal_to_follow(folder), folder + why);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(refusal_to_follow(path_), path_ + why);
}

}  // namespace
}  // namespace gradvitals::test
