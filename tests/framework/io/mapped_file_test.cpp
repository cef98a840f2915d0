// Contract under test: a mapped file that is cut short ends the program with a message and its
// code.
#include "framework/io/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace gradvitals {
namespace {

/// Three pages, so that two lie beyond the new end.
class LongFile {
 public:
  LongFile() {
    char name[] = "/tmp/gradvitals-mapped-XXXXXX";
    const int descriptor = ::mkstemp(name);
    path_ = name;
    std::ofstream(path_) << std::string(3 * 4096, 'x');
    ::close(descriptor);
  }
  ~LongFile() { std::remove(path_.c_str()); }
  LongFile(const LongFile&) = delete;
  LongFile& operator=(const LongFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void read_after_cutting(const std::string& path) {
  exit_where_a_mapped_file_shrinks(2);
  const MappedFile file(path);
  if (::truncate(path.c_str(), 10) != 0) std::_Exit(3);
  volatile const std::byte* bytes = file.bytes().data();
  std::_Exit(bytes[2 * 4096 + 1] == std::byte{} ? 4 : 5);
}

TEST(MappedFile, ThatIsCutShortIsNamedWithTheExitCodeAskedFor) {
  const LongFile file;
  EXPECT_EXIT(read_after_cutting(file.path()), ::testing::ExitedWithCode(2),
              file.path() + ": was cut short while it was read");
}

void fault_elsewhere() {
  exit_where_a_mapped_file_shrinks(2);
  ::raise(SIGBUS);
  ::raise(SIGBUS);
}

TEST(MappedFile, AnotherBusErrorEndsTheProgramAsBefore) {
  EXPECT_EXIT(fault_elsewhere(), ::testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace gradvitals
