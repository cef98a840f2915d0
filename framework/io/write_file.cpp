#include "framework/io/write_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "framework/io/open_file.h"
#include "framework/io/replace_file.h"

namespace gradvitals {
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

}  // namespace

void write_file(const fs::path& target, std::string_view content) {
  const fs::path path = behind_links(target);
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

}  // namespace gradvitals
