#include "monitor/history/history_follower.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "monitor/history/event_line.h"
#include "monitor/history/history_header.h"
#include "monitor/history/history_lines.h"

namespace gradvitals {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
/// A row of a million tensors.
constexpr std::size_t kMostLineBytes = std::size_t{64} << 20;
/// Behind them a file with the same bytes is the same run: they hold numbers of nine digits.
constexpr std::size_t kKnownBytes = 4096;

[[noreturn]] void refuse_to_follow(const std::string& path, int error) {
  refuse_input(path, fmt::format("cannot be read: {}", std::generic_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

  /// Appends up to so many bytes from that place on. Whether there were any.
  bool read(std::uint64_t place, std::size_t bytes, std::string& text,
            const std::string& path) const {
    const std::size_t before = text.size();
    text.resize(before + bytes);
    ssize_t count = 0;
    do {
      count = ::pread(number_, text.data() + before, bytes, static_cast<off_t>(place));
    } while (count < 0 && errno == EINTR);
    if (count < 0) refuse_to_follow(path, errno);
    text.resize(before + static_cast<std::size_t>(count));
    return count > 0;
  }

 private:
  int number_;
};

/// The whole lines of a file that grows.
class GrowingLines {
 public:
  /// The next one without its line feed, valid until the next call; none where there is no more now.
  std::optional<std::string_view> next(const Descriptor& file, const std::string& path) {
    while (true) {
      const std::size_t end = text_.find('\n', searched_);
      if (end != std::string::npos) {
        const auto line = std::string_view(text_).substr(begin_, end - begin_);
        begin_ = searched_ = end + 1;
        return line;
      }
      searched_ = text_.size();
      if (searched_ - begin_ > kMostLineBytes) {
        refuse_input(path,
                     fmt::format("holds a line of more than {} MiB, which is no step of a run",
                                 kMostLineBytes >> 20));
      }
      drop_taken();
      if (!file.read(place_ + text_.size(), kChunkBytes, text_, path)) return std::nullopt;
    }
  }

  /// Where the next line begins.
  std::uint64_t place() const { return place_ + begin_; }
  /// What there is of it.
  std::string_view rest() const { return std::string_view(text_).substr(begin_); }
  /// It is read again: its writer may take back a line that it could not write whole.
  void forget_rest() {
    drop_taken();
    text_.clear();
    searched_ = 0;
  }
  /// The last bytes that were taken.
  const std::string& known() const { return known_; }

 private:
  void drop_taken() {
    const auto taken = std::string_view(text_).substr(0, begin_);
    known_ += taken.substr(taken.size() - std::min(taken.size(), kKnownBytes));
    if (known_.size() > kKnownBytes) known_.erase(0, known_.size() - kKnownBytes);
    place_ += begin_;
    text_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
  }

  std::string text_;
  std::uint64_t place_ = 0;   ///< Of the text's first byte.
  std::size_t begin_ = 0;     ///< Of the next line.
  std::size_t searched_ = 0;  ///< Before it there is no line feed.
  std::string known_;
};

}  // namespace

struct HistoryFollower::State {
  explicit State(std::string name) : path(std::move(name)), lines(path) {}

  std::optional<HistoryRestart> look_at_file();
  bool open();
  bool is_known(const Descriptor& other) const;
  void start();
  void find_resumptions();
  std::optional<HistoryRestart> see_resumption(std::string_view line, std::uint64_t byte);
  std::optional<FollowedRecord> take(std::string_view line, std::uint64_t byte);
  void refuse_other_start() const;

  std::string path;
  File presence = File::kAwaited;
  Descriptor file;
  GrowingLines source;
  HistoryLines lines;
  std::uint64_t size = 0;
  std::uint64_t scanned = 0;       ///< Up to where resumptions are known.
  std::int64_t highest_step = -1;  ///< That was given.
};

/// From the start of the file, as it is now.
void HistoryFollower::State::start() {
  source = GrowingLines();
  lines = HistoryLines(path);
  highest_step = -1;
  find_resumptions();
}

void HistoryFollower::State::find_resumptions() {
  GrowingLines ahead;
  std::uint64_t byte = 0;
  while (const auto line = ahead.next(file, path)) {
    if (const auto step = step_of_resumption(*line)) lines.add_resumption({byte, *step});
    byte = ahead.place();
  }
  scanned = byte;
}

/// Whether what was read of the file is also what the other one holds up to there.
bool HistoryFollower::State::is_known(const Descriptor& other) const {
  std::string bytes;
  const std::string& known = source.known();
  const std::uint64_t begin = source.place() - known.size();
  while (bytes.size() < known.size() &&
         other.read(begin + bytes.size(), known.size() - bytes.size(), bytes, path)) {
  }
  return bytes == known;
}

/// Whether there is a file to read.
bool HistoryFollower::State::open() {
  Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened && errno == ENOENT) return false;
  if (!opened) refuse_to_follow(path, errno);
  struct stat info {};
  if (::fstat(opened.number(), &info) != 0) refuse_to_follow(path, errno);
  if (!S_ISREG(info.st_mode)) {
    refuse_input(path, "is no regular file, and only one of those can be followed");
  }
  file = std::move(opened);
  size = static_cast<std::uint64_t>(info.st_size);
  presence = File::kPresent;
  return true;
}

/// Opens the file if it is there by now, and sees whether it is still the one that was read.
std::optional<HistoryRestart> HistoryFollower::State::look_at_file() {
  if (!file) {
    if (open()) start();
    return std::nullopt;
  }
  source.forget_rest();
  bool is_other = false;
  struct stat at_path {};
  struct stat opened {};
  if (::fstat(file.number(), &opened) != 0) refuse_to_follow(path, errno);
  if (::stat(path.c_str(), &at_path) != 0) {
    presence = File::kRemoved;
  } else if (at_path.st_ino != opened.st_ino || at_path.st_dev != opened.st_dev) {
    if (!open()) return std::nullopt;
    is_other = true;
    opened.st_size = static_cast<off_t>(size);
  } else {
    presence = File::kPresent;
  }
  size = static_cast<std::uint64_t>(opened.st_size);
  const bool is_shorter = size < source.place();
  if (!is_shorter && is_known(file)) return std::nullopt;
  start();
  using Reason = HistoryRestart::Reason;
  return HistoryRestart{.reason = is_shorter && !is_other ? Reason::kCutShort : Reason::kReplaced};
}

/// A restart where the run takes steps that were given once more.
std::optional<HistoryRestart> HistoryFollower::State::see_resumption(std::string_view line,
                                                                     std::uint64_t byte) {
  if (byte < scanned) return std::nullopt;
  const auto step = step_of_resumption(line);
  if (!step || *step > highest_step) return std::nullopt;
  start();
  return HistoryRestart{.reason = HistoryRestart::Reason::kResumed, .step = *step};
}

std::optional<FollowedRecord> HistoryFollower::State::take(std::string_view line,
                                                           std::uint64_t byte) {
  if (const auto restart = see_resumption(line, byte)) return *restart;
  auto record = lines.take(line, byte);
  if (!record) return std::nullopt;
  if (auto* step = std::get_if<HistoryStep>(&*record)) {
    highest_step = std::max(highest_step, step->metrics.step.value_or(-1));
    return std::move(*step);
  }
  auto& event = std::get<HistoryEvent>(*record);
  highest_step = std::max(highest_step, event.step.value_or(-1));
  return std::move(event);
}

/// A file of another kind may never have a line feed.
void HistoryFollower::State::refuse_other_start() const {
  const std::string_view rest = source.rest();
  if (source.place() == 0 && !rest.empty() && !is_cut_header(rest)) parse_header_line(rest, path);
}

HistoryFollower::HistoryFollower(std::string path)
    : state_(std::make_unique<State>(std::move(path))) {}
HistoryFollower::~HistoryFollower() = default;
HistoryFollower::HistoryFollower(HistoryFollower&&) noexcept = default;
HistoryFollower& HistoryFollower::operator=(HistoryFollower&&) noexcept = default;

std::optional<FollowedRecord> HistoryFollower::next() {
  State& state = *state_;
  bool has_looked = false;
  while (true) {
    while (state.file) {
      const std::uint64_t byte = state.source.place();
      const auto line = state.source.next(state.file, state.path);
      if (!line) break;
      if (auto record = state.take(*line, byte)) return record;
    }
    if (state.file) state.refuse_other_start();
    if (std::exchange(has_looked, true)) return std::nullopt;
    if (auto restart = state.look_at_file()) return *restart;
  }
}

HistoryFollower::File HistoryFollower::file() const {
  return state_->presence;
}

std::uint64_t HistoryFollower::bytes_read() const {
  return state_->source.place();
}

std::uint64_t HistoryFollower::bytes() const {
  return std::max(state_->size, state_->source.place());
}

HistoryNotes HistoryFollower::notes() const {
  return state_->lines.notes_so_far();
}

}  // namespace gradvitals
