#include "app/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace gradvitals::app {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view path, int error) {
  throw OutputError(fmt::format("cannot write {}: {}", path, std::strerror(error)));
}

void write_all(int descriptor, std::string_view text, std::string_view path) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(path, errno);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Closes on every path; close() is checked by hand, since some file systems report a full disk
/// there.
class Descriptor {
 public:
  Descriptor(const fs::path& path, std::string_view shown)
      : value_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (value_ < 0) fail(shown, errno);
  }
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int value() const { return value_; }
  int close() {
    const int result = ::close(value_);
    value_ = -1;
    return result;
  }

 private:
  int value_;
};

}  // namespace

void write_stdout(std::string_view text) {
  write_all(STDOUT_FILENO, text, "standard output");
}

void replace_file(const fs::path& target, const std::function<void(const fs::path&)>& produce) {
  std::error_code ignored;
  const fs::file_status status = fs::status(target, ignored);
  if (fs::is_directory(status)) fail(target.native(), EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    produce(target);
    return;
  }
  // A rename would replace a file that its owner has write-protected.
  if (fs::exists(status) && ::access(target.c_str(), W_OK) != 0) fail(target.native(), errno);
  // A symbolic link keeps pointing where it points: its target is what gets replaced.
  const fs::path resolved = fs::exists(status) ? fs::canonical(target) : target;
  // Keeps the extension: writers choose the format by it.
  const fs::path temporary =
      resolved.parent_path() /
      fmt::format(".{}.{}{}", resolved.stem().native(), ::getpid(), resolved.extension().native());
  try {
    produce(temporary);
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
  std::error_code error;
  fs::rename(temporary, resolved, error);
  if (error) {
    fs::remove(temporary, ignored);
    fail(target.native(), error.value());
  }
}

void write_text(const std::string& target, std::string_view text) {
  if (target == "-") {
    write_stdout(text);
    return;
  }
  replace_file(target, [&](const fs::path& path) {
    Descriptor file(path, target);
    write_all(file.value(), text, target);
    if (file.close() != 0) fail(target, errno);
  });
}

}  // namespace gradvitals::app
