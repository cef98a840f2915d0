#include "app/tensorboard_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "app/command_line.h"
#include "app/output.h"
#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"

namespace gradvitals::app {
namespace {

constexpr std::string_view kEventFileMark = "tfevents";
constexpr std::size_t kMostWaitingBytes = std::size_t{1} << 20;
constexpr std::chrono::seconds kLongestWait(1);

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// As a part of a file's name.
std::string host_name() {
  std::array<char, 256> text{};
  if (::gethostname(text.data(), text.size() - 1) != 0) return "localhost";
  std::string host(text.data());
  for (char& letter : host) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          is_digit(letter) || letter == '-' || letter == '.';
    if (!is_plain) letter = '_';
  }
  return host.empty() ? "localhost" : host;
}

std::string message_of(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void refuse_event_file(const std::string& path, const std::string& reason) {
  throw OutputError(fmt::format("cannot write {}: {}", printable(path), reason));
}

/// All of the text, or as it was before. 0, or the error number.
int append_whole(int descriptor, std::string_view text) {
  struct stat before {};
  if (::fstat(descriptor, &before) != 0) return errno;
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(descriptor, text.data() + written, text.size() - written);
    if (count > 0) {
      written += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      const int error = count == 0 ? EIO : errno;
      // A part of a record would make all that follows unreadable.
      return ::ftruncate(descriptor, before.st_size) == 0 ? error : EIO;
    }
  }
  return 0;
}

}  // namespace

void check_tensorboard_folder(std::string_view option, const std::string& folder, bool is_resumed) {
  namespace fs = std::filesystem;
  check_output_folder(option, folder);
  std::error_code ignored;
  if (is_resumed || !fs::is_directory(folder, ignored)) return;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string file = entry.path().filename().native();
    if (file.find(kEventFileMark) == std::string::npos) continue;
    throw UsageError(
        fmt::format("{}: '{}' holds the events of a run already ({}), and TensorBoard would draw "
                    "both as one; name "
                    "a folder of its own",
                    option, printable(folder), printable(file)));
  }
}

TensorBoardFile::TensorBoardFile(const std::string& folder, TensorBoardOptions options,
                                 std::int64_t first_step, bool is_resumed)
    : run_(std::move(options)), last_write_(std::chrono::steady_clock::now()) {
  const double now = seconds_since_1970();
  open(folder, now);
  const int error = append_whole(descriptor_, run_.begin(now, first_step, is_resumed));
  if (error == 0) return;
  ::close(std::exchange(descriptor_, -1));
  refuse_event_file(path_, message_of(error));
}

void TensorBoardFile::open(const std::string& folder, double now) {
  constexpr mode_t kPermissions = 0666;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) refuse_event_file(folder, error.message());
  const std::string stem = fmt::format("events.out.{}.{:010}.{}.{}", kEventFileMark,
                                       static_cast<std::int64_t>(now), host_name(), ::getpid());
  for (int number = 0; descriptor_ < 0; ++number) {
    path_ = (std::filesystem::path(folder) / fmt::format("{}.{}", stem, number)).native();
    descriptor_ =
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, kPermissions);
    if (descriptor_ < 0 && errno != EEXIST) refuse_event_file(path_, message_of(errno));
  }
}

TensorBoardFile::~TensorBoardFile() {
  if (descriptor_ < 0) return;
  flush();
  ::close(descriptor_);
}

void TensorBoardFile::add(const TensorBoardStep& step) {
  waiting_ += run_.add(step, seconds_since_1970());
  ++waiting_steps_;
  const bool is_due = std::chrono::steady_clock::now() - last_write_ >= kLongestWait;
  if (is_due || waiting_.size() >= kMostWaitingBytes) flush();
}

void TensorBoardFile::flush() {
  last_write_ = std::chrono::steady_clock::now();
  const int error = append_whole(descriptor_, waiting_);
  if (error != 0) {
    error_ = error;
    lost_steps_ += waiting_steps_;
  }
  waiting_.clear();
  waiting_steps_ = 0;
}

std::optional<std::string> TensorBoardFile::take_complaint() {
  if (lost_steps_ == 0 || std::exchange(has_complained_, true)) return std::nullopt;
  return fmt::format("cannot write {}: {}", path_, message_of(error_));
}

std::string TensorBoardFile::missing_text() const {
  if (lost_steps_ == 0) return {};
  return fmt::format("{}: {} {} missing: {}", path_, steps_text(lost_steps_),
                     lost_steps_ == 1 ? "is" : "are", message_of(error_));
}

}  // namespace gradvitals::app
