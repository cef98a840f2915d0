// Contract:  framework/io/replace_file.h: readers find the old content or the new, and an interrupted
//            process leaves nothing else behind.
// Oracle:    the file system after a child process was killed at an arbitrary moment.
#include "framework/io/replace_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <system_error>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace gradvitals {
namespace {

using test::read_file;
using test::TemporaryFolder;

constexpr std::size_t kContentBytes = 1 << 20;  // Long enough for a signal to strike within it.

class ReplaceFile : public testing::TestWithParam<Draft> {};

/// A process that replaces `target` without end.
pid_t start_replacing(const std::string& target, Draft draft) {
  const std::string content(kContentBytes, 'n');
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::alarm(60);  // Where the test dies first.
  while (true) replace_file(target, 0644, content, draft);
}

TEST_P(ReplaceFile, AnInterruptedProcessLeavesNothingBehind) {
  const TemporaryFolder folder;
  const std::string target = folder.file("result");
  const std::string old(kContentBytes, 'o');
  for (int run = 0; run < 60; ++run) {
    SCOPED_TRACE(run);
    replace_file(target, 0644, old, GetParam());
    const int signal = run % 2 == 0 ? SIGTERM : SIGINT;
    const pid_t child = start_replacing(target, GetParam());
    std::this_thread::sleep_for(std::chrono::microseconds(500 + 337 * (run % 20)));
    ASSERT_EQ(::kill(child, signal), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_EQ(folder.entries(), std::vector<std::string>{"result"});
    const std::string content = read_file(target);
    EXPECT_TRUE(content == old || content == std::string(kContentBytes, 'n'));
  }
}

/// Entries are sorted: a draft comes first.
bool has_draft(const TemporaryFolder& folder) {
  return folder.entries().front().starts_with(".gradvitals-");
}

TEST(ReplaceFileDrafts, TheNextWriterRemovesWhatAKilledOneLeft) {
  for (const Draft next : {Draft::kNamed, Draft::kNameless}) {
    const TemporaryFolder folder;
    const std::string target = folder.file("result");
    int left = 0;
    for (int run = 0; run < 60; ++run) {
      replace_file(target, 0644, "old", next);
      EXPECT_EQ(folder.entries(), std::vector<std::string>{"result"}) << run;
      const pid_t child = start_replacing(target, Draft::kNamed);
      std::this_thread::sleep_for(std::chrono::microseconds(500 + 337 * (run % 20)));
      ASSERT_EQ(::kill(child, SIGKILL), 0);
      ASSERT_EQ(::waitpid(child, nullptr, 0), child);
      if (has_draft(folder)) ++left;
    }
    EXPECT_GT(left, 0) << "no kill struck within a write";
  }
}

TEST(ReplaceFileDrafts, ThatOfAWriterThatLivesIsLeftAlone) {
  const TemporaryFolder folder;
  const std::string target = folder.file("result");
  replace_file(target, 0644, "old", Draft::kNamed);
  // Stopped within a write; its draft must be whole when it goes on.
  const pid_t child = start_replacing(target, Draft::kNamed);
  for (int wait = 0; wait < 10'000; ++wait) {
    std::this_thread::sleep_for(std::chrono::microseconds(500 + 37 * (wait % 20)));
    ASSERT_EQ(::kill(child, SIGSTOP), 0);
    ASSERT_EQ(::waitpid(child, nullptr, WUNTRACED), child);
    if (has_draft(folder)) break;
    ASSERT_EQ(::kill(child, SIGCONT), 0);
  }
  ASSERT_TRUE(has_draft(folder));
  for (const Draft draft : {Draft::kNamed, Draft::kNameless}) {
    replace_file(target, 0644, "mine", draft);
    EXPECT_EQ(read_file(target), "mine");
    EXPECT_TRUE(has_draft(folder));
  }
  ASSERT_EQ(::kill(child, SIGCONT), 0);
  for (int wait = 0; wait < 10'000 && read_file(target) == "mine"; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(read_file(target), std::string(kContentBytes, 'n'));
  ASSERT_EQ(::kill(child, SIGTERM), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "a write of its own failed";
}

TEST_P(ReplaceFile, AFileThatGrowsPastItsLimitLeavesTheOldOne) {
  const TemporaryFolder folder;
  const std::string target = folder.file("result");
  replace_file(target, 0644, "old", GetParam());
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);  // The kernel sends SIGXFSZ.
    replace_file(target, 0644, std::string(kContentBytes, 'n'), GetParam());
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"result"});
  EXPECT_EQ(read_file(target), "old");
}

TEST_P(ReplaceFile, AFailureLeavesWhatWasThere) {
  const TemporaryFolder folder;
  const std::string target = folder.file("folder");
  ASSERT_EQ(::mkdir(target.c_str(), 0700), 0);
  EXPECT_THROW(replace_file(target, 0644, "content", GetParam()), std::system_error);
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"folder"});
}

TEST_P(ReplaceFile, HandlersAreThoseOfBefore) {
  const TemporaryFolder folder;
  ASSERT_NE(::signal(SIGHUP, SIG_IGN), SIG_ERR);
  replace_file(folder.file("a"), 0600, "content", GetParam());
  EXPECT_EQ(::signal(SIGHUP, SIG_DFL), SIG_IGN);
  EXPECT_EQ(::signal(SIGTERM, SIG_DFL), SIG_DFL);
}

TEST_P(ReplaceFile, TheUmaskDecidesTheModeOfANewFileAlone) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  replace_file(folder.file("new"), std::nullopt, "content", GetParam());
  replace_file(folder.file("kept"), 0666, "content", GetParam());
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(folder.file("new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
  ASSERT_EQ(::stat(folder.file("kept").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0666U);
}

INSTANTIATE_TEST_SUITE_P(Drafts, ReplaceFile, testing::Values(Draft::kNameless, Draft::kNamed),
                         [](const auto& draft) {
                           return draft.param == Draft::kNamed ? "Named" : "Nameless";
                         });

}  // namespace
}  // namespace gradvitals
