#include "app/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "app/open_file.h"
#include "app/replace_file.h"

namespace gradvitals::app {
namespace {

namespace fs = std::filesystem;

void write_in_place(const fs::path& path, std::string_view content) {
  OpenFile file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  file.write(content);
  file.close();
}

/// The target of symbolic links, which need not exist: links themselves are not replaced.
fs::path behind_links(fs::path path) {
  constexpr int kMaxLinks = 40;  // As Linux follows.
  std::error_code ignored;
  for (int i = 0; i < kMaxLinks; ++i) {
    if (!fs::is_symlink(fs::symlink_status(path, ignored))) return path;
    path = path.parent_path() / fs::read_symlink(path);
  }
  throw std::system_error(ELOOP, std::generic_category());
}

void write_file(const fs::path& path, std::string_view content) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    replace_file(path, std::nullopt, content);
  } else if (!S_ISREG(status.st_mode)) {
    write_in_place(path, content);
  } else {
    // A rename would replace a file that its owner has write-protected.
    if (::access(path.c_str(), W_OK) != 0) throw_errno();
    replace_file(path, status.st_mode & 07777, content);
  }
}

}  // namespace

void write_result(const std::string& target, std::string_view content) {
  const bool is_stdout = target == "-";
  try {
    if (is_stdout) {
      write_all(STDOUT_FILENO, content);
    } else {
      write_file(behind_links(target), content);
    }
  } catch (const std::system_error& error) {
    throw OutputError(fmt::format("cannot write {}: {}", is_stdout ? "standard output" : target,
                                  error.code().message()));
  }
}

}  // namespace gradvitals::app
