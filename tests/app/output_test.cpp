// Contract:  app/output.h: a result appears whole or not at all, and a failure names the path.
// Oracle:    the file system, read back.
#include "app/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/app/run_program.h"

namespace gradvitals::app {
namespace {

using test::read_file;
using test::TemporaryFolder;

std::string message_of(const std::string& target, std::string_view content) {
  try {
    write_result(target, content);
  } catch (const OutputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Output, NewFileHoldsTheContentAndNothingElseAppears) {
  const TemporaryFolder folder;
  write_result(folder.file("new.json"), "content\n");
  EXPECT_EQ(read_file(folder.file("new.json")), "content\n");
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"new.json"});
}

TEST(Output, ExistingFileIsReplacedWhole) {
  const TemporaryFolder folder;
  write_result(folder.file("a"), "a long first content");
  write_result(folder.file("a"), "short");
  EXPECT_EQ(read_file(folder.file("a")), "short");
}

TEST(Output, SymbolicLinkStaysALink) {
  const TemporaryFolder folder;
  write_result(folder.file("real"), "old");
  std::filesystem::create_symlink("real", folder.file("link"));
  write_result(folder.file("link"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link")));
  EXPECT_EQ(read_file(folder.file("real")), "new");
}

TEST(Output, OwnStreamGoesOnBehindWhatItHolds) {
  const TemporaryFolder folder;
  const int stream = ::open(folder.file("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::write(stream, "text\n", 5), 5);
  const std::string name = "/dev/fd/" + std::to_string(stream);
  write_result(name, "more\n");
  std::filesystem::create_symlink(name, folder.file("link"));
  write_result(folder.file("link"), "most\n");
  ::close(stream);
  EXPECT_EQ(read_file(folder.file("log")), "text\nmore\nmost\n");
}

TEST(Output, LinkToAFileThatIsMissingIsFollowed) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("later", folder.file("link"));
  write_result(folder.file("link"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link")));
  EXPECT_EQ(read_file(folder.file("later")), "new");
}

TEST(Output, LinksInACircleAreRefused) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("b", folder.file("a"));
  std::filesystem::create_symlink("a", folder.file("b"));
  EXPECT_EQ(message_of(folder.file("a"), "x"),
            "cannot write " + folder.file("a") + ": Too many levels of symbolic links");
}

TEST(Output, PermissionsAreKept) {
  const TemporaryFolder folder;
  write_result(folder.file("a"), "old");
  ASSERT_EQ(::chmod(folder.file("a").c_str(), 0600), 0);
  write_result(folder.file("a"), "new");
  struct stat status {};
  ASSERT_EQ(::stat(folder.file("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(Output, NewFileHasThePermissionsThatTheUmaskLeaves) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  write_result(folder.file("a"), "new");
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(folder.file("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
}

TEST(Output, ANameMayBeAsLongAsTheFileSystemTakes) {
  const TemporaryFolder folder;
  const std::string longest(255, 'n');
  write_result(folder.file(longest), "new");
  EXPECT_EQ(folder.entries(), std::vector<std::string>{longest});
}

TEST(Output, MissingFolderIsNamed) {
  const TemporaryFolder folder;
  const std::string target = folder.file("missing/a.json");
  EXPECT_EQ(message_of(target, "x"), "cannot write " + target + ": No such file or directory");
}

TEST(Output, DirectoryIsRefused) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of(folder.path(), "x"), "cannot write " + folder.path() + ": Is a directory");
  EXPECT_TRUE(folder.entries().empty());
}

TEST(Output, FullDeviceIsNamedAndStaysADevice) {
  EXPECT_EQ(message_of("/dev/full", "x"), "cannot write /dev/full: No space left on device");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(Output, NamedPipeIsWrittenInPlace) {
  const TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  // Open for both, so that neither side waits for the other.
  FILE* reader = std::fopen(pipe.c_str(), "r+");
  ASSERT_NE(reader, nullptr);
  write_result(pipe, "line\n");
  char line[8] = {};
  EXPECT_STREQ(std::fgets(line, sizeof line, reader), "line\n");
  std::fclose(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST(Output, WriteProtectedFileIsKept) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
  const TemporaryFolder folder;
  write_result(folder.file("kept"), "old");
  ::chmod(folder.file("kept").c_str(), 0444);
  EXPECT_EQ(message_of(folder.file("kept"), "new"),
            "cannot write " + folder.file("kept") + ": Permission denied");
  EXPECT_EQ(read_file(folder.file("kept")), "old");
}

}  // namespace
}  // namespace gradvitals::app
