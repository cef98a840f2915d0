#include "app/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

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

/// Writes `path`; errors name `shown`, the path that the user gave.
void write_file(const fs::path& path, std::string_view content, std::string_view shown) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(shown, errno);
  try {
    write_all(descriptor, content, shown);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  // Some file systems report a full disk only here.
  if (::close(descriptor) != 0) fail(shown, errno);
}

void replace_file(const fs::path& target, std::string_view content, std::string_view shown) {
  const fs::path temporary =
      target.parent_path() / fmt::format(".{}.{}.part", target.filename().native(), ::getpid());
  std::error_code error;
  try {
    write_file(temporary, content, shown);
    fs::rename(temporary, target, error);
    if (error) fail(shown, error.value());
  } catch (...) {
    fs::remove(temporary, error);
    throw;
  }
}

}  // namespace

void write_result(const std::string& target, std::string_view content) {
  if (target == "-") {
    write_all(STDOUT_FILENO, content, "standard output");
    return;
  }
  std::error_code ignored;
  const fs::file_status status = fs::status(target, ignored);
  if (!fs::exists(status)) {
    replace_file(target, content, target);
  } else if (!fs::is_regular_file(status)) {
    write_file(target, content, target);
  } else {
    // A rename would replace a file that its owner has write-protected.
    if (::access(target.c_str(), W_OK) != 0) fail(target, errno);
    // A symbolic link keeps pointing where it points: the file behind it is replaced.
    replace_file(fs::canonical(target), content, target);
  }
}

}  // namespace gradvitals::app
