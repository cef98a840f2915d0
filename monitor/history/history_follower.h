// HistoryFollower: a run that is recorded elsewhere, step by step while it goes on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "monitor/history/history_reader.h"

namespace gradvitals {

/// What was given before counts no more: the run comes again from its first step on.
struct HistoryRestart {
  enum class Reason : std::uint8_t {
    kResumed,   ///< The run went back to `step`, and takes those that were given of it once more.
    kReplaced,  ///< Another file has the path, or the file other bytes.
    kCutShort,  ///< The file has lost lines that were given.
  };

  Reason reason = Reason::kResumed;
  std::int64_t step = 0;  ///< Of kResumed.
};

using FollowedRecord = std::variant<HistoryStep, HistoryEvent, HistoryRestart>;

/// Reads a history as HistoryReader does, while its writer appends to it. What it has given since the
/// last restart is what HistoryReader would give of the file as far as it has whole lines: a line
/// without its line feed is waited for. A copy that is brought up to date, in place or by another
/// file under its name, goes on where it ended. Nothing waits: ask again, twice a second say. Holds
/// the current line, up to 64 MiB, and what HistoryReader holds, not the run.
class HistoryFollower {
 public:
  enum class File : std::uint8_t {
    kAwaited,  ///< There was none yet.
    kPresent,
    kRemoved,  ///< The path has none any more. What is still written to the one it had is read.
  };

  /// The file need not be there yet.
  explicit HistoryFollower(std::string path);
  ~HistoryFollower();
  HistoryFollower(HistoryFollower&&) noexcept;
  HistoryFollower& operator=(HistoryFollower&&) noexcept;

  /// The next of what is there; none where there is no more now. Throws InputError naming the path
  /// where it is no regular file, cannot be read or does not begin as a history, as HistoryReader, and
  /// for a line that is longer than the limit.
  std::optional<FollowedRecord> next();

  File file() const;
  /// Of the file, as it was last seen: those of the lines that were read, and all.
  std::uint64_t bytes_read() const;
  std::uint64_t bytes() const;
  /// Of the lines since the last restart.
  HistoryNotes notes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradvitals
