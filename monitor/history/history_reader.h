// HistoryReader: a recorded run, step by step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"

namespace gradvitals {

/// A step as the rules judge it.
struct HistoryStep {
  HealthMetrics metrics;
  StepContext context;
};

/// What was written between steps: a health event, a treatment, an alert.
struct HistoryEvent {
  std::string kind;                  ///< "began", "worsened", "ended", or what another writer says.
  std::optional<std::int64_t> step;  ///< Where the line says one.
  std::string json;                  ///< The line.
};

using HistoryRecord = std::variant<HistoryStep, HistoryEvent>;

/// What a reader has left out so far, and of what run the history is.
struct HistoryNotes {
  std::string run;  ///< HistoryOptions::run of its writer.
  std::map<std::string, std::string> settings;
  std::int64_t damaged_lines = 0;
  std::int64_t first_damaged_line = 0;  ///< Counted from 1.
  std::string first_damage;             ///< What is wrong with it.
  /// Lines that a run wrote in part when it was ended: the last one, or one before a resumption.
  std::int64_t cut_lines = 0;
  std::int64_t resumptions = 0;
  std::int64_t superseded_rows = 0;  ///< Of steps that a resumed run took once more.
};

/// Reads what HistoryWriter writes, in the order of the file. Of steps that a resumed run took once
/// more the last record counts. Lines that are damaged or cut short are left out and counted. A row
/// of a layout that was never said is damaged, and so are rows that go back without a resumption, up
/// to the highest step: a block that stands there twice. Where a row lies between the last two, the
/// last one was wrong. Line ends of Windows and a mark before UTF-8 are no damage.
/// Holds the current line and sixteen layouts, not the run. Nothing in the text is trusted.
class HistoryReader {
 public:
  /// Whether the first line of a file is that of a history, of whichever version, or as much of it as
  /// says so.
  static bool is_history(std::string_view text);

  /// Told of text that was read, a few megabytes at a time and all of it twice: it may leave memory,
  /// as long as it can be read again.
  using LetGo = std::function<void(std::string_view part)>;

  /// `text` must outlive the reader; `path` is for messages. Throws InputError naming the path where
  /// the text does not begin as a history, where its first line is cut short, and for a version that
  /// is newer than this reader.
  HistoryReader(std::string_view text, std::string path, LetGo let_go = {});
  ~HistoryReader();
  HistoryReader(HistoryReader&&) noexcept;
  HistoryReader& operator=(HistoryReader&&) noexcept;

  /// The next step or event; none at the end.
  std::optional<HistoryRecord> next();

  /// Complete once next() has given none.
  const HistoryNotes& notes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradvitals
