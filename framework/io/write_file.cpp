#include "framework/io/write_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>

#include "framework/io/open_file.h"

namespace gradvitals {
namespace {

namespace fs = std::filesystem;

void write_to(int descriptor, const FileContent& content) {
  OpenFile file(descriptor);
  content(file);
  file.close();
}

bool names_own_descriptor(const fs::path& path) {
  std::error_code ignored;
  return fs::equivalent(path.parent_path(), "/proc/self/fd", ignored);
}

/// The target of symbolic links, which need not exist: links themselves are not replaced. A descriptor
/// of this process, a link as well, is not followed.
fs::path behind_links(fs::path path) {
  constexpr int kMaxLinks = 40;  // As Linux follows.
  std::error_code ignored;
  for (int i = 0; i < kMaxLinks; ++i) {
    const bool is_followed =
        !names_own_descriptor(path) && fs::is_symlink(fs::symlink_status(path, ignored));
    if (!is_followed) return path;
    path = path.parent_path() / fs::read_symlink(path);
  }
  throw std::system_error(ELOOP, std::generic_category());
}

/// Of this process, as /dev/stdout and /dev/fd/3 name one, or a link to them. Their file is another's:
/// what was written to it before must stay.
std::optional<int> own_descriptor(const fs::path& target) {
  const fs::path path = behind_links(target);
  if (!names_own_descriptor(path)) return std::nullopt;
  const std::string name = path.filename().native();
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  return is_number ? std::optional(number) : std::nullopt;
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
  if (const auto descriptor = own_descriptor(target)) {
    return write_to(::fcntl(*descriptor, F_DUPFD_CLOEXEC, 0), content);
  }
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return write_to(::open(target.c_str(), O_WRONLY | O_CLOEXEC), content);
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
    if (!S_ISREG(status.st_mode) || own_descriptor(target)) return;
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
