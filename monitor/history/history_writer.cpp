#include "monitor/history/history_writer.h"

#include <fmt/format.h>

#include <cstddef>
#include <system_error>
#include <utility>
#include <vector>

#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"
#include "monitor/history/append_file.h"
#include "monitor/history/event_line.h"
#include "monitor/history/history_header.h"
#include "monitor/history/history_layout.h"
#include "monitor/history/history_row.h"
#include "monitor/metrics/phrases.h"

namespace gradvitals {
namespace {

/// What is to be written before anything else of this writer: the first line of a new file, or where an
/// old one goes on.
std::string opening_line(const std::string& path, AppendFile& file, const HistoryOptions& options) {
  const HistoryHeader header{.run = options.run, .settings = options.settings};
  if (file.size() == 0) return header_line(header);
  const std::string first_line = first_line_of(path, kMostHeaderBytes + 1);
  // A run that was ended at once has left no step that could be lost.
  if (first_line.size() == file.size() && is_cut_header(first_line)) {
    file.clear(path);
    return header_line(header);
  }
  if (!options.resume_step) {
    refuse_input(path, "is there already: name another file, or resume the run that it is of");
  }
  const HistoryHeader found = parse_header_line(first_line, path);
  if (found.run != options.run) {
    refuse_input(path, fmt::format("is the history of run {}, not of {}: name another file",
                                   in_quotes(found.run), in_quotes(options.run)));
  }
  return resumption_line(*options.resume_step);
}

}  // namespace

struct HistoryWriter::State {
  struct Layout {
    HistoryLayout layout;
    bool is_written = false;
  };

  State(std::string file_path, const HistoryOptions& options)
      : path(std::move(file_path)), file(path), opening(opening_line(path, file, options)) {}

  std::size_t place_of(const HealthMetrics& metrics);
  /// Writes `line` behind what is still to be written before it.
  bool write_line();
  void write_event(std::string_view text);

  std::string path;
  AppendFile file;
  std::string opening;  ///< Empty once it is written.
  std::vector<Layout> layouts;
  std::size_t last_layout = 0;  ///< Of the last row: the next one is most likely alike.
  std::size_t next_layout = 0;  ///< The place whose layout gives way to a new one.
  LineBuffer line;
  HistoryStatus status;
  bool has_complained = false;
};

std::size_t HistoryWriter::State::place_of(const HealthMetrics& metrics) {
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    const std::size_t place = (last_layout + i) % layouts.size();
    if (fits_layout(layouts[place].layout, metrics)) return last_layout = place;
  }
  const std::size_t place = next_layout;
  next_layout = (next_layout + 1) % kMostHistoryLayouts;
  if (place == layouts.size()) layouts.emplace_back();
  layouts[place] = {.layout = layout_of(metrics), .is_written = false};
  return last_layout = place;
}

bool HistoryWriter::State::write_line() {
  const int error = file.write_lines(line.text());
  status.is_failing = error != 0;
  if (error != 0) status.error = std::generic_category().message(error);
  if (error == 0) opening.clear();
  return error == 0;
}

void HistoryWriter::State::write_event(std::string_view text) {
  line.clear();
  line.append(opening);
  line.append(text);
  ++(write_line() ? status.events : status.lost_events);
}

std::string missing_text(const HistoryStatus& status, std::string_view path) {
  std::vector<std::string> missing;
  if (status.lost_rows > 0) {
    std::string steps =
        fmt::format("{} {}", status.lost_rows, plural(status.lost_rows, "step", "steps"));
    if (status.first_lost_step) {
      steps += fmt::format(" ({} to {})", *status.first_lost_step, *status.last_lost_step);
    }
    missing.push_back(std::move(steps));
  }
  if (status.lost_events > 0) {
    missing.push_back(
        fmt::format("{} {}", status.lost_events, plural(status.lost_events, "event", "events")));
  }
  if (missing.empty()) return {};
  const bool is_one = status.lost_rows + status.lost_events == 1;
  return fmt::format("{}: {} {} missing: {}", printable(path), fmt::join(missing, " and "),
                     is_one ? "is" : "are", status.error);
}

HistoryWriter::HistoryWriter(std::string path, HistoryOptions options)
    : state_(std::make_unique<State>(std::move(path), options)) {
  state_->line.append(state_->opening);
  state_->write_line();
}

HistoryWriter::~HistoryWriter() = default;
HistoryWriter::HistoryWriter(HistoryWriter&&) noexcept = default;
HistoryWriter& HistoryWriter::operator=(HistoryWriter&&) noexcept = default;

void HistoryWriter::add(const HealthMetrics& metrics, const StepContext& context) {
  State& state = *state_;
  const std::size_t place = state.place_of(metrics);
  State::Layout& layout = state.layouts[place];
  state.line.clear();
  state.line.append(state.opening);
  if (!layout.is_written) state.line.append(layout_line(layout.layout, place));
  append_row(state.line, place, metrics, context);
  if (state.write_line()) {
    layout.is_written = true;
    ++state.status.rows;
    return;
  }
  ++state.status.lost_rows;
  if (!metrics.step) return;
  if (!state.status.first_lost_step) state.status.first_lost_step = metrics.step;
  state.status.last_lost_step = metrics.step;
}

void HistoryWriter::add(const HealthEvent& event) {
  state_->write_event(event_line(event));
}

void HistoryWriter::add_event(std::string_view json) {
  state_->write_event(foreign_event_line(json));
}

const HistoryStatus& HistoryWriter::status() const {
  return state_->status;
}

std::optional<std::string> HistoryWriter::take_complaint() {
  State& state = *state_;
  const bool has_lost = state.status.lost_rows + state.status.lost_events > 0;
  if (state.has_complained || !has_lost) return std::nullopt;
  state.has_complained = true;
  return missing_text(state.status, state.path);
}

}  // namespace gradvitals
