// HistoryWriter: records a run while it trains, a line a step.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// "gradvitals.history/1": what the first line of a history says first.
inline constexpr std::string_view kHistorySchema = "gradvitals.history/1";

struct HistoryOptions {
  std::string run;                              ///< Tells the run from others: any text.
  std::map<std::string, std::string> settings;  ///< For readers: any texts.
  /// The run goes on at this step: its rows are appended, and take the place of those that were
  /// written of this step and later ones. Else the file must not hold a history.
  std::optional<std::int64_t> resume_step;
};

/// What was written, and what is missing.
struct HistoryStatus {
  std::int64_t rows = 0;
  std::int64_t events = 0;
  std::int64_t lost_rows = 0;
  std::int64_t lost_events = 0;
  std::optional<std::int64_t> first_lost_step;
  std::optional<std::int64_t> last_lost_step;
  std::string error;        ///< Why, of the last one; empty where nothing is missing.
  bool is_failing = false;  ///< The last line could not be written.
};

/// "h.jsonl: 12 steps (5 to 16) and 1 event are missing: No space left on device"; empty where nothing
/// is missing.
std::string missing_text(const HistoryStatus& status, std::string_view path);

/// Appends to a JSON lines file: a line with the schema, the columns and the settings; a line for each
/// layout, which names tensors once; a row for each step; objects with "event" in between. Each is
/// one write(), so that a run that is killed leaves at most its last line cut short. Statistics have
/// nine significant digits, scalars all of theirs. Used by one thread at a time.
///
/// Once open it never throws because of the file: where a disk is full or a pipe closed, lines are
/// lost, counted in status(), and each later one is tried again.
class HistoryWriter {
 public:
  /// Opens the file, or makes it. One that holds nothing but a part of a first line is begun anew.
  /// Throws InputError naming the path where it holds the history of another run, or any while
  /// `resume_step` is empty, or is no history; std::runtime_error naming it where it cannot be written,
  /// is a pipe that nobody reads, or another writer has it open.
  explicit HistoryWriter(std::string path, HistoryOptions options = {});
  ~HistoryWriter();
  HistoryWriter(HistoryWriter&&) noexcept;
  HistoryWriter& operator=(HistoryWriter&&) noexcept;

  /// A row. Allocates nothing where a step like it was written before.
  void add(const HealthMetrics& metrics, const StepContext& context = {});
  void add(const HealthEvent& event);
  /// A line of another writer: a JSON object with a text "event", as {"event": "treatment", "step":
  /// 7}. Line breaks between its members are taken out. Throws std::invalid_argument for anything
  /// else.
  void add_event(std::string_view json);

  const HistoryStatus& status() const;
  /// Once in the life of the writer, after the first line that was lost: why.
  std::optional<std::string> take_complaint();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradvitals
