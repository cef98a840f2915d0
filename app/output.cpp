#include "app/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace gradvitals::app {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view path, int error) {
  throw OutputError(fmt::format("cannot write {}: {}", path, std::strerror(error)));
}

void write_all(int descriptor, std::string_view content, std::string_view shown) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(shown, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// A descriptor that is closed at the latest with its owner.
class OpenFile {
 public:
  OpenFile(int descriptor, std::string_view shown) : descriptor_(descriptor), shown_(shown) {
    if (descriptor_ < 0) fail(shown_, errno);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int get() const { return descriptor_; }
  /// Some file systems report a full disk only here.
  void close() {
    if (::close(std::exchange(descriptor_, -1)) != 0) fail(shown_, errno);
  }

 private:
  int descriptor_;
  std::string_view shown_;  ///< The path that the user gave, for messages.
};

void write_in_place(const fs::path& path, std::string_view content, std::string_view shown) {
  OpenFile file(::open(path.c_str(), O_WRONLY | O_CLOEXEC), shown);
  write_all(file.get(), content, shown);
  file.close();
}

/// What open() would give a new file: all but what the umask takes.
mode_t new_file_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

/// `mode` is that of the file to be replaced.
void replace_file(const fs::path& target, mode_t mode, std::string_view content,
                  std::string_view shown) {
  // A short name, that also fits beside the longest one that the file system takes.
  std::string temporary = (target.parent_path() / ".gradvitals-XXXXXX").native();
  OpenFile file(::mkostemp(temporary.data(), O_CLOEXEC), shown);
  std::error_code error;
  try {
    write_all(file.get(), content, shown);
    if (::fchmod(file.get(), mode) != 0) fail(shown, errno);
    file.close();
    fs::rename(temporary, target, error);
    if (error) fail(shown, error.value());
  } catch (...) {
    fs::remove(temporary, error);
    throw;
  }
}

/// The file behind symbolic links, which need not exist: a link keeps pointing where it points.
fs::path behind_links(fs::path path, std::string_view shown) {
  constexpr int kMaxLinks = 40;  // As Linux follows.
  std::error_code ignored;
  for (int i = 0; i < kMaxLinks; ++i) {
    if (!fs::is_symlink(fs::symlink_status(path, ignored))) return path;
    path = path.parent_path() / fs::read_symlink(path);
  }
  fail(shown, ELOOP);
}

}  // namespace

void write_result(const std::string& target, std::string_view content) {
  if (target == "-") {
    write_all(STDOUT_FILENO, content, "standard output");
    return;
  }
  const fs::path path = behind_links(target, target);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    replace_file(path, new_file_mode(), content, target);
  } else if (!S_ISREG(status.st_mode)) {
    write_in_place(path, content, target);
  } else {
    // A rename would replace a file that its owner has write-protected.
    if (::access(path.c_str(), W_OK) != 0) fail(target, errno);
    replace_file(path, status.st_mode & 07777, content, target);
  }
}

}  // namespace gradvitals::app
