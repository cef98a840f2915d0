#include "monitor/history/append_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "kernels/runtime/pipe_signal_block.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// `what`: "written" or "read".
[[noreturn]] void throw_unusable(const std::string& path, std::string_view what, int error) {
  throw std::runtime_error(fmt::format("{}: cannot be {}: {}", printable(path), what,
                                       std::generic_category().message(error)));
}

struct Written {
  std::size_t bytes = 0;
  int error = 0;
};

Written write_all_of(int descriptor, std::string_view text) {
  Written written;
  while (written.bytes < text.size()) {
    const ssize_t count =
        ::write(descriptor, text.data() + written.bytes, text.size() - written.bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      written.error = count < 0 ? errno : EIO;
      break;
    }
    written.bytes += static_cast<std::size_t>(count);
  }
  return written;
}

/// Takes the last bytes off again. Whether it could.
bool take_back(int descriptor, std::size_t bytes) {
  struct stat info {};
  return ::fstat(descriptor, &info) == 0 &&
         ::ftruncate(descriptor, info.st_size - static_cast<off_t>(bytes)) == 0;
}

bool ends_within_a_line(int descriptor, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(descriptor, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

AppendFile::AppendFile(const std::string& path) {
  constexpr mode_t kPermissions = 0666;
  constexpr int kFlags = O_APPEND | O_CREAT | O_CLOEXEC;
  struct stat info {};
  const bool is_there = ::stat(path.c_str(), &info) == 0;
  is_regular_ = !is_there || S_ISREG(info.st_mode);
  // A pipe that is opened for reading as well would never be seen to close.
  // Nor may opening one wait for a reader: a signal that asks the program to end would not.
  const int mode = is_regular_ ? O_RDWR : O_WRONLY | O_NONBLOCK;
  descriptor_ = ::open(path.c_str(), kFlags | mode, kPermissions);
  if (descriptor_ < 0 && errno == ENXIO && S_ISFIFO(info.st_mode)) {
    throw std::runtime_error(
        fmt::format("{}: is a pipe that nobody reads: start its reader first", printable(path)));
  }
  if (descriptor_ < 0) throw_unusable(path, "written", errno);
  if (!is_regular_) {
    // Lines wait for a slow reader.
    if (::fcntl(descriptor_, F_SETFL, O_APPEND) != 0) throw_unusable(path, "written", errno);
    return;
  }
  // Two writers would mix their lines. A file system without locks has none to offer.
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(std::exchange(descriptor_, -1));
    throw std::runtime_error(
        fmt::format("{}: is being written by another training: name another file, or wait until it "
                    "has ended",
                    printable(path)));
  }
  is_cut_ = ::fstat(descriptor_, &info) == 0 && ends_within_a_line(descriptor_, info.st_size);
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      is_regular_(other.is_regular_),
      is_cut_(other.is_cut_) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(is_regular_, other.is_regular_);
  std::swap(is_cut_, other.is_cut_);
  return *this;
}

std::uintmax_t AppendFile::size() const {
  struct stat info {};
  const bool is_known = is_regular_ && ::fstat(descriptor_, &info) == 0;
  return is_known ? static_cast<std::uintmax_t>(info.st_size) : 0;
}

int AppendFile::write_lines(std::string_view text) {
  std::optional<PipeSignalBlock> block;
  if (!is_regular_) block.emplace();
  if (is_cut_) {
    const int error = write_all_of(descriptor_, "\n").error;
    if (error != 0) return error;
    is_cut_ = false;
  }
  const Written written = write_all_of(descriptor_, text);
  if (written.error == 0 || written.bytes == 0) return written.error;
  // A part of a first line would make all that follows unreadable.
  is_cut_ = !is_regular_ || !take_back(descriptor_, written.bytes);
  return written.error;
}

void AppendFile::clear(const std::string& path) {
  if (::ftruncate(descriptor_, 0) != 0) throw_unusable(path, "written", errno);
  is_cut_ = false;
}

std::string first_line_of(const std::string& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_unusable(path, "read", errno);
  std::string line;
  for (char letter = 0; line.size() < most && file.get(letter) && letter != '\n';) line += letter;
  return line;
}

}  // namespace gradvitals
