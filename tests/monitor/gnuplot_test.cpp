// gnuplot as a child process: its answers, its failures, and that it is never waited for in vain.
#include "monitor/report/figure/gnuplot.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "tests/monitor/fake_gnuplot.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

/// Whether a process is there and not merely unburied.
bool is_running(const std::string& pid) {
  std::string command;
  std::getline(std::ifstream("/proc/" + pid + "/cmdline"), command);
  return !command.empty();
}

TEST(Gnuplot, MissingSaysWhatToInstallAndWhatWorksWithoutIt) {
  const TemporaryFolder empty;
  const PathVariable path(empty.path());
  EXPECT_THROW(run_gnuplot("plot x\n"), GnuplotNotFound);
  const std::string message = message_of_run("plot x\n");
  EXPECT_TRUE(contains(message, "gnuplot-nox")) << message;
  EXPECT_TRUE(contains(message, ".gp")) << message;
}

TEST(Gnuplot, EarlyDeathIsAnErrorAndNoSignal) {
  const FakeGnuplot fake("echo 'no such terminal' >&2; exit 3");
  // More than a socket holds: the writer meets a closed end.
  const std::string message = message_of_run(std::string(8'000'000, '#'));
  EXPECT_EQ(message, "gnuplot exited with 3: no such terminal");
}

TEST(Gnuplot, DeathByASignalIsToldAsSuch) {
  const FakeGnuplot fake("kill -9 $$");
  EXPECT_TRUE(contains(message_of_run("plot x\n"), "ended by signal 9"));
}

TEST(Gnuplot, SilenceIsAnError) {
  const FakeGnuplot fake("cat > /dev/null");
  EXPECT_EQ(message_of_run("plot x\n"), "gnuplot drew nothing: it gave no reason");
}

// A gnuplot that hung was waited for without end.
TEST(Gnuplot, OneThatHangsIsKilledAndToldAsSuch) {
  for (const char* lines : {
           "sleep 600",                     // with its streams open
           "exec <&- >&- 2>&-; sleep 600",  // with its streams closed
           "trap '' TERM HUP INT; while :; do sleep 1; done",
           "cat > /dev/null; sleep 600 & exit 0",  // held open by its child
       }) {
    SCOPED_TRACE(lines);
    const FakeGnuplot fake(lines);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(message_of_run("plot x\n", std::chrono::milliseconds(300)),
              "gnuplot did not finish within 0.3 s");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  }
}

TEST(Gnuplot, WhatItStartedEndsWithIt) {
  const TemporaryFolder folder;
  const std::string file = folder.file("pid");
  const FakeGnuplot fake("sleep 600 & echo $! > '" + file + "'; wait");
  EXPECT_TRUE(contains(message_of_run("plot x\n", std::chrono::seconds(1)), "did not finish"));
  std::string pid;
  std::getline(std::ifstream(file), pid);
  ASSERT_FALSE(pid.empty());
  for (int i = 0; i < 100 && is_running(pid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_FALSE(is_running(pid));
}

TEST(Gnuplot, TalkWithoutEndIsAnError) {
  const FakeGnuplot fake("cat > /dev/null; exec yes");
  EXPECT_EQ(message_of_run("plot x\n"), "gnuplot writes without end");
}

TEST(Gnuplot, HalfAMinuteIsItsLimit) {
  EXPECT_EQ(kGnuplotLimit, std::chrono::seconds(30));
}

TEST(Gnuplot, MuchTalkOnEveryStreamDoesNotDeadlock) {
  const FakeGnuplot fake(
      "head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; cat; echo done");
  const std::string script(3'000'000, '#');
  const std::string drawn = run_gnuplot(script);
  EXPECT_EQ(drawn.size(), 6'000'000u + 5u);
  EXPECT_TRUE(drawn.ends_with("#done\n"));
}

}  // namespace
}  // namespace gradvitals::test
