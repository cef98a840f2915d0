#include "monitor/history/history_lines.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kernels/runtime/error.h"
#include "monitor/history/event_line.h"
#include "monitor/history/history_header.h"
#include "monitor/history/history_row.h"

namespace gradvitals {

void HistoryLines::add_resumption(const HistoryResumption& resumption) {
  for (auto earlier = resumptions_.rbegin();
       earlier != resumptions_.rend() && earlier->step > resumption.step; ++earlier) {
    earlier->step = resumption.step;
  }
  resumptions_.push_back(resumption);
}

bool HistoryLines::is_superseded(std::int64_t step, std::uint64_t byte) {
  while (next_resumption_ < resumptions_.size() && resumptions_[next_resumption_].byte <= byte) {
    ++next_resumption_;
  }
  return next_resumption_ < resumptions_.size() && step >= resumptions_[next_resumption_].step;
}

void HistoryLines::require_order(std::int64_t step) {
  const bool last_was_wrong = step < last_step_ && step > step_before_last_;
  if (step <= last_step_ && !last_was_wrong) {
    throw std::invalid_argument("a step that goes back, and no resumption before it");
  }
  if (!last_was_wrong) step_before_last_ = last_step_;
  last_step_ = step;
}

void HistoryLines::require_same_header(std::string_view line) const {
  try {
    parse_header_line(line, path_);
  } catch (const InputError&) {  // Of line 1 it ends the reading, here it is one damaged line.
    throw std::invalid_argument("the first line of a history that this program does not read");
  }
}

std::optional<HistoryRecord> HistoryLines::read_row(std::string_view line, std::uint64_t byte) {
  const std::optional<HistoryLayout>& layout = layouts_.at(layout_of_row(line));
  const std::optional<std::int64_t> step = step_of_row(line);
  if (!layout) throw std::invalid_argument("a row of a layout that no line before it says");
  if (step && is_superseded(*step, byte)) {
    if (!line.ends_with(']')) throw std::invalid_argument("a row without an end");
    ++notes_.superseded_rows;
    return std::nullopt;
  }
  HistoryStep read = parse_row(line, *layout);
  if (step) require_order(*step);
  return read;
}

std::optional<HistoryRecord> HistoryLines::read_object(std::string_view line, std::uint64_t byte) {
  if (line.starts_with("{\"layout\"")) {
    NumberedLayout read = parse_layout_line(line);
    layouts_.at(read.number) = std::move(read.layout);
    return std::nullopt;
  }
  if (is_history_header(line)) {  // Written once more where a first attempt failed half way.
    require_same_header(line);
    return std::nullopt;
  }
  if (const auto step = step_of_resumption(line)) {
    ++notes_.resumptions;
    last_step_ = std::min(last_step_, *step - 1);
    step_before_last_ = std::min(step_before_last_, last_step_);
    return std::nullopt;
  }
  HistoryEvent event = parse_event_line(line);
  if (event.step && is_superseded(*event.step, byte)) return std::nullopt;
  return event;
}

void HistoryLines::settle_damage(bool is_cut) {
  if (!damage_) return;
  const Damage damage = *std::exchange(damage_, std::nullopt);
  if (is_cut) {
    ++notes_.cut_lines;
    return;
  }
  add_damage(notes_, damage);
}

void HistoryLines::add_damage(HistoryNotes& notes, const Damage& damage) {
  if (notes.damaged_lines++ > 0) return;
  notes.first_damaged_line = damage.line;
  notes.first_damage = damage.what;
}

HistoryNotes HistoryLines::notes_so_far() const {
  HistoryNotes notes = notes_;
  if (damage_) add_damage(notes, *damage_);
  return notes;
}

std::optional<HistoryRecord> HistoryLines::take(std::string_view line, std::uint64_t byte) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (++line_number_ == 1) {
    HistoryHeader header = parse_header_line(line, path_);
    notes_.run = std::move(header.run);
    notes_.settings = std::move(header.settings);
    return std::nullopt;
  }
  if (damage_) settle_damage(step_of_resumption(line).has_value());
  try {
    if (line.starts_with('[')) return read_row(line, byte);
    if (line.starts_with('{')) return read_object(line, byte);
    if (!line.empty()) throw std::invalid_argument("neither an array nor an object");
  } catch (const std::invalid_argument& damage) {
    damage_ = {.line = line_number_, .what = damage.what()};
  }
  return std::nullopt;
}

void HistoryLines::end(bool has_line_feed) {
  settle_damage(!has_line_feed);
}

}  // namespace gradvitals
