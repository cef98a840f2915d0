// Contract: `gradvitals report FILE --follow` without a terminal: what it says while a run is written, how it
// ends, and that its report is the one of `gradvitals report FILE`. Oracle: that command, and histories
// written by hand. In a terminal: live_view_test.sh.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "monitor/history/history_writer.h"
#include "tests/app/run_program.h"
#include "tests/monitor/history_fixtures.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

using namespace std::chrono_literals;

class Follow : public testing::Test {
 protected:
  /// Steps of a history, which goes on where `first` is not 0.
  void write_steps(std::int64_t first, std::int64_t end, std::int64_t bad_step = -1) const {
    HistoryOptions options = {.run = "followed", .settings = {}, .resume_step = {}};
    if (first > 0) options.resume_step = first;
    HistoryWriter writer(path(), options);
    for (std::int64_t step = first; step < end; ++step) {
      writer.add(light_step(step, step == bad_step ? static_cast<float>(kNaN) : 0.25F));
    }
  }

  std::future<ProgramResult> follow(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"report", path(), "--follow"};
    words.insert(words.end(), more.begin(), more.end());
    return std::async(std::launch::async, [words] { return run_program(words); });
  }

  /// Followed for two seconds, and ended by a signal. Its exit code; its outputs are in files.
  int follow_until(const std::string& signal) const {
    return run_in_shell(fmt::format(
        "timeout --preserve-status -s {} 2 \"$gradvitals\" report '{}' --follow >'{}' 2>'{}'",
        signal, path(), folder_.file("out"), folder_.file("err")));
  }
  std::string out() const { return read_file(folder_.file("out")); }
  std::string err() const { return read_file(folder_.file("err")); }
  std::string path() const { return folder_.file("run.jsonl"); }

  TemporaryFolder folder_;
};

TEST_F(Follow, ASignalEndsItWithTheReportOfTheRunUpToThere) {
  write_steps(0, 40);
  for (const char* const signal : {"INT", "TERM"}) {
    EXPECT_EQ(follow_until(signal), 0) << err();
    EXPECT_EQ(out(), run_program({"report", path()}).out);
    EXPECT_TRUE(contains(err(), "gradvitals: step 39: loss 0.025, gradient norm ")) << err();
  }
}

TEST_F(Follow, TheGateEndsItAsSoonAsItTrips) {
  std::future<ProgramResult> program = follow({"--fail-on", "critical"});
  write_steps(0, 20);
  EXPECT_EQ(program.wait_for(1500ms), std::future_status::timeout);
  write_steps(20, 25, 22);
  ASSERT_EQ(program.wait_for(60s), std::future_status::ready);
  const ProgramResult result = program.get();
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_TRUE(contains(result.err, "🚨 CRITICAL: step 22: R1 ")) << result.err;
  EXPECT_TRUE(contains(result.err, "--fail-on critical: the worst episode is critical"))
      << result.err;
  EXPECT_TRUE(contains(result.out, "non_finite")) << result.out;
}

TEST_F(Follow, AGateThatTrippedBeforeEndsItAtOnce) {
  write_steps(0, 20, 11);
  std::future<ProgramResult> program = follow({"--fail-on", "warning"});
  ASSERT_EQ(program.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(program.get().exit_code, 1);
}

TEST_F(Follow, ARunThatGoesBackIsSaidAndJudgedAnew) {
  write_steps(0, 20, 15);
  std::future<ProgramResult> program = follow({"--json", "-", "--fail-on", "critical"});
  // The NaN has ended it: what follows is another one.
  EXPECT_EQ(program.get().exit_code, 1);
  write_steps(10, 30);
  std::future<ProgramResult> again = follow({"--fail-on", "critical"});
  EXPECT_EQ(again.wait_for(1500ms), std::future_status::timeout);  // Step 15 was taken once more.
  write_steps(20, 40, 35);
  const ProgramResult result = again.get();
  EXPECT_TRUE(contains(result.err, "the run was resumed at step 20, and is judged anew"))
      << result.err;
  EXPECT_EQ(result.out, run_program({"report", path()}).out);
}

TEST_F(Follow, RulesOfCheckupsHaveSeenThem) {
  ASSERT_EQ(
      run_program({"train", "--network", "relu", "--steps", "12", "--history", path()}).exit_code,
      0);
  const std::string followed = folder_.file("followed.xml");
  const std::string reported = folder_.file("reported.xml");
  EXPECT_EQ(
      run_in_shell(fmt::format("timeout --preserve-status -s INT 2 \"$gradvitals\" report '{}' "
                               "--follow --junit '{}' >'{}' 2>&1",
                               path(), followed, folder_.file("out"))),
      0);
  EXPECT_EQ(run_program({"report", path(), "--junit", reported}).exit_code, 0);
  EXPECT_FALSE(contains(read_file(followed), "no step was looked at as a whole"));
  EXPECT_EQ(read_file(followed), read_file(reported));
}

TEST_F(Follow, AFileThatNeverComesIsNothingJudged) {
  EXPECT_EQ(follow_until("INT"), 3);
  EXPECT_TRUE(contains(err(), "waiting: there is no " + path() + " yet")) << err();
  EXPECT_TRUE(contains(err(), "nothing to judge, it holds no step")) << err();
}

TEST_F(Follow, WhatCannotBeFollowedIsRefused) {
  const ProgramResult input = run_program({"report", "-", "--follow"});
  EXPECT_EQ(input.exit_code, 2);
  EXPECT_TRUE(contains(input.err, "--follow goes back in a file")) << input.err;
  std::ofstream(path()) << "step,loss\n1,2\n";
  const ProgramResult table = run_program({"report", path(), "--follow"});
  EXPECT_EQ(table.exit_code, 2);
  EXPECT_TRUE(contains(table.err, "line 1 is not the first of a history")) << table.err;
}

}  // namespace
}  // namespace gradvitals::test
