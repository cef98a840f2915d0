#include "app/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "app/output.h"

namespace gradvitals::app {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr std::size_t kPieceBytes = std::size_t{1} << 16;

/// Below 0 where neither the folder nor the one for temporary files takes a file without a name.
int open_nameless(const std::string& target) {
  const std::filesystem::path folder = std::filesystem::path(target).parent_path();
  const int flags = O_TMPFILE | O_RDWR | O_CLOEXEC;
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), flags, kOwnerOnly);
  if (descriptor >= 0) return descriptor;
  std::error_code ignored;
  return ::open(std::filesystem::temp_directory_path(ignored).c_str(), flags, kOwnerOnly);
}

/// From the beginning of a file to where the other one stands.
void copy_all(const OpenFile& from, const OpenFile& to) {
  std::string piece(kPieceBytes, '\0');
  off_t at = 0;
  while (true) {
    const ssize_t count = ::pread(from.get(), piece.data(), piece.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno();
    if (count == 0) return;
    to.write(std::string_view(piece).substr(0, static_cast<std::size_t>(count)));
    at += count;
  }
}

}  // namespace

Spool::Spool(std::string_view option, std::string target)
    : option_(option), target_(std::move(target)) {}

void Spool::flush() {
  try {
    if (!file_) file_.emplace(open_nameless(target_));
    file_->write(waiting_);
  } catch (const std::system_error& error) {
    problem_ = fmt::format("{}: cannot keep what is to be written to {}: {}", option_, target_,
                           error.code().message());
  }
  waiting_.clear();
}

std::optional<std::string> Spool::take_complaint() {
  if (problem_.empty() || std::exchange(has_complained_, true)) return std::nullopt;
  return problem_;
}

void Spool::write() {
  // What fits into memory needs no file.
  if (file_ && problem_.empty()) flush();
  if (!problem_.empty()) throw OutputError(problem_);
  if (!file_) return write_result(target_, waiting_);
  write_result(target_, FileContent([this](const OpenFile& file) { copy_all(*file_, file); }));
}

}  // namespace gradvitals::app
