// HistoryLines: the lines of a history, one after the other, whoever has them. Internal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/history/history_layout.h"
#include "monitor/history/history_reader.h"

namespace gradvitals {

/// Where a run went on, and at which step.
struct HistoryResumption {
  std::uint64_t byte = 0;  ///< Of the file, where its line begins.
  std::int64_t step = 0;
};

/// Holds sixteen layouts and what is to be said about the lines; neither them nor the run.
class HistoryLines {
 public:
  /// `path` is for messages.
  explicit HistoryLines(std::string path) : path_(std::move(path)) {}

  /// Rows before that byte and not below that step are superseded: to be known before they are
  /// taken. In the order of the file.
  void add_resumption(const HistoryResumption& resumption);

  /// The next line, without its line feed, which begins at that byte of the file. What it holds; none
  /// where that is nothing, or superseded, or damaged. Throws InputError naming the path where the
  /// first line is not that of a history which this code reads.
  std::optional<HistoryRecord> take(std::string_view line, std::uint64_t byte);

  /// After the last line, which had a line feed or not: damage to one without is a cut.
  void end(bool has_line_feed);

  /// Complete after end().
  const HistoryNotes& notes() const { return notes_; }
  /// As if the last line that was taken were the last of all, and whole.
  HistoryNotes notes_so_far() const;

 private:
  /// Of the last line: what follows says whether it is a cut.
  struct Damage {
    std::int64_t line = 0;
    std::string what;
  };

  std::optional<HistoryRecord> read_row(std::string_view line, std::uint64_t byte);
  std::optional<HistoryRecord> read_object(std::string_view line, std::uint64_t byte);
  bool is_superseded(std::int64_t step, std::uint64_t byte);
  void require_order(std::int64_t step);
  void require_same_header(std::string_view line) const;
  static void add_damage(HistoryNotes& notes, const Damage& damage);
  void settle_damage(bool is_cut);

  std::string path_;
  HistoryNotes notes_;
  std::array<std::optional<HistoryLayout>, kMostHistoryLayouts> layouts_;
  /// The step of each is the least of its own and of those after it.
  std::vector<HistoryResumption> resumptions_;
  std::size_t next_resumption_ = 0;  ///< The first behind the current line.
  std::optional<Damage> damage_;
  std::int64_t line_number_ = 0;
  std::int64_t last_step_ = -1;
  std::int64_t step_before_last_ = -1;
};

}  // namespace gradvitals
