// Contract under test: a mapped file that is cut short ends the program with a message and its
// code.
#include "framework/io/mapped_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
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

std::int64_t resident_pages(std::span<const std::byte> mapped) {
  std::ifstream smaps("/proc/self/smaps");
  const std::string start = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(mapped.data()));
  std::string line;
  while (std::getline(smaps, line) && !line.starts_with(start)) {
  }
  while (std::getline(smaps, line) && !line.starts_with("Rss:")) {
  }
  return std::stoll(line.substr(4)) / 4;
}

bool is_all_x(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{'x'}; });
}

TEST(MappedFile, WhatIsLetGoLeavesMemoryAndCanBeReadAgain) {
  const LongFile file;
  const MappedFile mapped(file.path());
  ASSERT_TRUE(is_all_x(mapped.bytes()));
  ASSERT_EQ(resident_pages(mapped.bytes()), 3);
  MappedFile::let_go(mapped.bytes().subspan(4096 + 7, 10));
  EXPECT_EQ(resident_pages(mapped.bytes()), 2);
  MappedFile::let_go(mapped.bytes());
  EXPECT_EQ(resident_pages(mapped.bytes()), 0);
  EXPECT_TRUE(is_all_x(mapped.bytes()));
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
