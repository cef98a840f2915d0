// Contract: each alert runs the command once, whatever the command does the training does not wait, and
// nothing is left behind. Oracle: files that commands write, /proc, and the clock.
#include "training/alert_command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace gradvitals {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Texts = std::vector<std::string>;

Texts shell(const std::string& script) {
  return {"sh", "-c", script};
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::int64_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

/// Neither running nor a zombie.
bool has_no_child() {
  return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

/// An orphan may stay a zombie where no init collects it.
bool is_running(const std::string& process) {
  const std::string stat = content_of("/proc/" + process + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.at(name_end + 2) != 'Z';
}

std::int64_t sum(const AlertCommandCounts& counts) {
  return counts.succeeded + counts.failed + counts.overdue + counts.dropped;
}

class AlertCommandTest : public testing::Test {
 protected:
  AlertCommandTest() {
    folder_ = (std::filesystem::temp_directory_path() / "gradvitals-alert-XXXXXX").native();
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~AlertCommandTest() override {
    EXPECT_TRUE(has_no_child());
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string file(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

TEST_F(AlertCommandTest, TheDocumentIsTheStandardInput) {
  AlertCommand command(shell("cat > " + file("a")));
  command.send("{\"step\": 7}\n");
  command.finish();
  EXPECT_EQ(content_of(file("a")), "{\"step\": 7}\n");
  EXPECT_EQ(command.counts().succeeded, 1);
  EXPECT_TRUE(command.take_problems().empty());
}

TEST_F(AlertCommandTest, WordsReachTheProgramAsTheyAre) {
  AlertCommand command(
      {"sh", "-c", "printf '%s|' \"$@\" > " + file("a"), "sh", "a b", "$HOME", "", "; rm x"});
  command.send("");
  command.finish();
  EXPECT_EQ(content_of(file("a")), "a b|$HOME||; rm x|");
}

TEST_F(AlertCommandTest, OutputGoesToStderr) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  AlertCommand command(shell("echo to stdout; echo to stderr >&2"));
  command.send("");
  command.finish();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "to stdout\nto stderr\n");
}

TEST_F(AlertCommandTest, ALongDocumentThatIsNotReadStopsNothing) {
  AlertCommand command({"true"});
  command.send(std::string(8 << 20, 'x'));
  command.finish();
  EXPECT_EQ(command.counts().succeeded, 1);
}

TEST_F(AlertCommandTest, MuchOutputStopsNothing) {
  testing::internal::CaptureStderr();
  AlertCommand command(shell("head -c 4000000 /dev/zero | tr '\\0' x"));
  command.send("");
  command.finish();
  EXPECT_EQ(testing::internal::GetCapturedStderr().size(), 4'000'000U);
  EXPECT_EQ(command.counts().succeeded, 1);
}

TEST_F(AlertCommandTest, AMissingProgramIsToldOnce) {
  AlertCommand command({"/no/such/program"});
  for (int i = 0; i < 3; ++i) command.send("");
  command.finish();
  EXPECT_EQ(command.counts().failed, 3);
  EXPECT_EQ(
      command.take_problems(),
      Texts{"the alert command /no/such/program cannot be started: No such file or directory"});
}

TEST_F(AlertCommandTest, AnExitCodeIsToldOnce) {
  AlertCommand command(shell("exit 3"));
  for (int i = 0; i < 3; ++i) command.send("");
  command.finish();
  EXPECT_EQ(command.counts().failed, 3);
  EXPECT_EQ(command.take_problems(), Texts{"the alert command sh failed with exit code 3"});
  EXPECT_TRUE(command.take_problems().empty());
}

TEST_F(AlertCommandTest, ACrashIsToldWithItsSignal) {
  AlertCommand command(shell("kill -KILL $$"));
  command.send("");
  command.finish();
  EXPECT_EQ(command.take_problems(), Texts{"the alert command sh was ended by signal 9 (Killed)"});
}

TEST_F(AlertCommandTest, AHangingCommandIsEndedAtTheLimit) {
  const Clock::time_point start = Clock::now();
  AlertCommand command({"sleep", "100"}, {.time_limit = 100ms});
  command.send("");
  while (command.counts().overdue == 0 && Clock::now() < start + 20s) {
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_GE(Clock::now() - start, 100ms);
  EXPECT_EQ(command.counts().overdue, 1);
  EXPECT_EQ(command.take_problems(),
            Texts{"the alert command sleep did not end within 0.1 s, and is ended"});
}

TEST_F(AlertCommandTest, ACommandThatIgnoresSigtermIsKilled) {
  const Clock::time_point start = Clock::now();
  AlertCommand command(shell("trap '' TERM; while :; do sleep 1; done"),
                       {.time_limit = 200ms, .grace = 100ms});
  command.send("");
  command.finish();
  EXPECT_LT(Clock::now() - start, 20s);
  EXPECT_EQ(command.counts().overdue, 1);
}

TEST_F(AlertCommandTest, WhatAHangingCommandHasStartedIsEndedToo) {
  // The shell goes at SIGTERM, and its child ignores it.
  AlertCommand command(shell("(trap '' TERM; exec sleep 100) & echo $! > " + file("id") + "; wait"),
                       {.time_limit = 300ms, .grace = 100ms});
  command.send("");
  command.finish();
  std::istringstream text(content_of(file("id")));
  std::string id;
  text >> id;
  ASSERT_NE(id, "");
  const Clock::time_point start = Clock::now();
  while (is_running(id) && Clock::now() < start + 10s) std::this_thread::sleep_for(5ms);
  EXPECT_FALSE(is_running(id));
}

TEST_F(AlertCommandTest, TheEndWaitsForTheLimitAndDropsWhatWaitsThen) {
  const Clock::time_point start = Clock::now();
  AlertCommand command({"sleep", "100"}, {.time_limit = 300ms, .grace = 100ms, .most_running = 1});
  for (int i = 0; i < 5; ++i) command.send("");
  command.finish();
  EXPECT_LT(Clock::now() - start, 20s);
  EXPECT_EQ(sum(command.counts()), 5);
  EXPECT_GE(command.counts().overdue, 1);
  EXPECT_GE(command.counts().dropped, 1);
}

TEST_F(AlertCommandTest, TheEndWaitsForWhatRunsAndWaits) {
  AlertCommand command(shell("sleep 0.1; echo done >> " + file("a")), {.most_running = 2});
  for (int i = 0; i < 4; ++i) command.send("");
  command.finish();
  EXPECT_EQ(content_of(file("a")), "done\ndone\ndone\ndone\n");
}

TEST_F(AlertCommandTest, DestructionEndsWhatRuns) {
  const Clock::time_point start = Clock::now();
  {
    AlertCommand command({"sleep", "100"});
    command.send("");
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_LT(Clock::now() - start, 20s);
}

TEST_F(AlertCommandTest, NoMoreRunAtOnceThanAllowed) {
  // Each leaves a mark while it runs, and counts the marks.
  const std::string script = "d=" + file("") +
                             "; touch $d/run-$$; ls $d | grep -c run- >> $d/counts; "
                             "sleep 0.05; rm $d/run-$$";
  AlertCommand command(shell(script), {.most_running = 2});
  for (int i = 0; i < 8; ++i) command.send("");
  command.finish();
  std::istringstream counts(content_of(file("counts")));
  int most = 0;
  int seen = 0;
  for (int count = 0; counts >> count; ++seen) most = std::max(most, count);
  EXPECT_EQ(seen, 8);
  EXPECT_EQ(most, 2);
}

TEST_F(AlertCommandTest, AThousandAlertsCostTheTrainingNextToNothing) {
  const std::int64_t before = open_descriptors();
  AlertCommand command({"true"});
  std::vector<Clock::duration> costs;
  for (int i = 0; i < 1000; ++i) {
    const Clock::time_point start = Clock::now();
    command.send("{}");
    costs.push_back(Clock::now() - start);
  }
  std::ranges::nth_element(costs, costs.begin() + 500);
  EXPECT_LT(costs[500], 1ms);
  command.finish();
  EXPECT_EQ(sum(command.counts()), 1000);
  EXPECT_GE(command.counts().succeeded, 64);
  EXPECT_GE(command.counts().dropped, 1);
  const Texts problems = command.take_problems();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front(), "alerts are dropped: the alert command true has 64 of them waiting");
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(AlertCommandTest, TheCommandHasNoneOfThisProgramsFiles) {
  const int open_to_children = ::open("/dev/null", O_RDONLY);
  ASSERT_GT(open_to_children, 2);
  AlertCommand command(shell("ls /proc/$$/fd"));
  testing::internal::CaptureStderr();
  command.send("");
  command.finish();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "0\n1\n2\n");
  ::close(open_to_children);
}

TEST_F(AlertCommandTest, TheCommandHasASessionOfItsOwn) {
  AlertCommand command(shell("cut -d' ' -f1,6 /proc/$$/stat"));
  testing::internal::CaptureStderr();
  command.send("");
  command.finish();
  std::istringstream text(testing::internal::GetCapturedStderr());
  long process = 0;
  long session = 1;
  text >> process >> session;
  EXPECT_EQ(process, session);
}

TEST_F(AlertCommandTest, NoSignalIsBlockedOrIgnoredInTheCommand) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  AlertCommand command(shell("grep -E 'Sig(Blk|Ign)' /proc/$$/status | cut -f2"));
  testing::internal::CaptureStderr();
  command.send("");
  command.finish();
  ::signal(SIGPIPE, before);
  std::istringstream text(testing::internal::GetCapturedStderr());
  unsigned long blocked = 1;
  unsigned long ignored = 1;
  text >> std::hex >> blocked >> ignored;
  // Signals 32 and 33 are the C library's own.
  constexpr unsigned long kThoseOfPrograms = 0x7fffffffUL;
  EXPECT_EQ(blocked & kThoseOfPrograms, 0U);
  EXPECT_EQ(ignored & kThoseOfPrograms, 0U);
}

TEST_F(AlertCommandTest, AProgramThatIgnoresSigchldDoesNotLearnHowACommandEnded) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  {
    AlertCommand command(shell("exit 1"));
    command.send("");
    command.finish();
    EXPECT_EQ(command.counts().unknown, 1);
    EXPECT_EQ(command.counts().succeeded, 0);
    EXPECT_EQ(command.counts().failed, 0);
  }
  ::signal(SIGCHLD, before);
}

TEST_F(AlertCommandTest, MisuseIsNamed) {
  EXPECT_THROW(AlertCommand({}), std::invalid_argument);
  EXPECT_THROW(AlertCommand({"true"}, {.time_limit = 0ms}), std::invalid_argument);
  EXPECT_THROW(AlertCommand({"true"}, {.most_running = 0}), std::invalid_argument);
  EXPECT_THROW(AlertCommand({"true"}, {.most_waiting = 0}), std::invalid_argument);
  AlertCommand command({"true"});
  command.finish();
  EXPECT_THROW(command.send(""), std::logic_error);
}

}  // namespace
}  // namespace gradvitals
