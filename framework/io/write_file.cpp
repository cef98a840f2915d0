#include "framework/io/write_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "framework/io/open_file.h"

namespace gradvitals {
namespace {

namespace fs = std::filesystem;

void write_in_place(const fs::path& path, const FileContent& content) {
  OpenFile file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  content(file);
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

/// Folders are filled by whoever may write and enter them.
void check_folder(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) throw_errno();
  if (!S_ISDIR(status.st_mode)) throw std::system_error(ENOTDIR, std::generic_category());
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw_errno();
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

void write_file(const fs::path& target, std::string_view content) {
  write_file(target, [content](const OpenFile& file) { file.write(content); });
}

void write_file(const fs::path& target, const FileContent& content) {
  struct stat status {};
  // Before links are followed: that of a pipe (/dev/stdout) leads to no name.
  if (::stat(target.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return write_in_place(target, content);
  }
  const fs::path path = behind_links(target);
  if (::stat(path.c_str(), &status) != 0) {
    replace_file(path, std::nullopt, content);
  } else {
    // A rename would replace a file that its owner has write-protected.
    if (::access(path.c_str(), W_OK) != 0) throw_errno();
    replace_file(path, status.st_mode & 07777, content);
  }
}

void check_writable(const fs::path& target) {
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) throw std::system_error(EISDIR, std::generic_category());
    if (::access(target.c_str(), W_OK) != 0) throw_errno();
    if (!S_ISREG(status.st_mode)) return;
  }
  check_folder(folder_of(behind_links(target)));
}

void check_writable_folder(const fs::path& folder) {
  std::error_code ignored;
  fs::path path = fs::absolute(folder, ignored);
  while (!fs::exists(fs::symlink_status(path, ignored)) && path.has_relative_path()) {
    path = path.parent_path();
  }
  check_folder(path);
}

}  // namespace gradvitals
