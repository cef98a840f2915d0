#include "monitor/history/history_reader.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/runtime/error.h"
#include "kernels/runtime/input_message.h"
#include "monitor/history/event_line.h"
#include "monitor/history/history_header.h"
#include "monitor/history/history_layout.h"
#include "monitor/history/history_row.h"
#include "monitor/history/history_writer.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kNoStep = std::numeric_limits<std::int64_t>::max();

/// Where a run went on, and at which step.
struct Resumption {
  std::size_t byte = 0;
  std::int64_t step = 0;
};

/// Without its break.
std::string_view line_at(std::string_view text, std::size_t byte) {
  const std::string_view line = text.substr(byte, text.find('\n', byte) - byte);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

/// All of them; the step of each is made the least of its own and of those after it: rows before it
/// and not below that step are superseded.
std::vector<Resumption> find_resumptions(std::string_view text) {
  constexpr std::string_view kStart = "\n{\"event\":\"resumed\"";
  std::vector<Resumption> resumptions;
  for (std::size_t byte = text.find(kStart); byte != std::string_view::npos;
       byte = text.find(kStart, byte + 1)) {
    if (const auto step = step_of_resumption(line_at(text, byte + 1))) {
      resumptions.push_back({byte + 1, *step});
    }
  }
  std::int64_t least = kNoStep;
  for (std::size_t i = resumptions.size(); i > 0; --i) {
    least = resumptions[i - 1].step = std::min(least, resumptions[i - 1].step);
  }
  return resumptions;
}

}  // namespace

bool HistoryReader::is_history(std::string_view text) {
  return is_history_header(line_at(text, 0)) ||
         (is_cut_header(text) && text.find(kHistorySchema) != std::string_view::npos);
}

struct HistoryReader::State {
  State(std::string_view all, std::string file)
      : text(all), path(std::move(file)), resumptions(find_resumptions(all)) {
    if (is_cut_header(text)) {
      refuse_input(path, "holds no complete line: its run was ended while it wrote the first one");
    }
    HistoryHeader header = parse_header_line(take_line(), path);
    notes.run = std::move(header.run);
    notes.settings = std::move(header.settings);
  }

  std::string_view take_line();
  std::optional<HistoryRecord> read_line(std::string_view line);
  std::optional<HistoryRecord> read_row(std::string_view line);
  std::optional<HistoryRecord> read_object(std::string_view line);
  bool is_superseded(std::int64_t step);
  void require_order(std::int64_t step);
  void require_same_header(std::string_view line) const;
  void note_damage(const char* what);

  std::string_view text;
  std::string path;
  HistoryNotes notes;
  std::array<std::optional<HistoryLayout>, kMostHistoryLayouts> layouts;
  std::vector<Resumption> resumptions;
  std::size_t next_resumption = 0;  ///< The first behind the current line.
  std::size_t next_byte = 0;
  std::size_t line_byte = 0;
  std::int64_t line_number = 0;
  std::int64_t last_step = -1;
  std::int64_t step_before_last = -1;
};

std::string_view HistoryReader::State::take_line() {
  line_byte = next_byte;
  const std::string_view line = line_at(text, next_byte);
  const std::size_t end = text.find('\n', next_byte);
  next_byte = end == std::string_view::npos ? text.size() : end + 1;
  ++line_number;
  return line;
}

bool HistoryReader::State::is_superseded(std::int64_t step) {
  while (next_resumption < resumptions.size() && resumptions[next_resumption].byte <= line_byte) {
    ++next_resumption;
  }
  return next_resumption < resumptions.size() && step >= resumptions[next_resumption].step;
}

void HistoryReader::State::require_order(std::int64_t step) {
  const bool last_was_wrong = step < last_step && step > step_before_last;
  if (step <= last_step && !last_was_wrong) {
    throw std::invalid_argument("a step that goes back, and no resumption before it");
  }
  if (!last_was_wrong) step_before_last = last_step;
  last_step = step;
}

void HistoryReader::State::require_same_header(std::string_view line) const {
  try {
    parse_header_line(line, path);
  } catch (const InputError&) {  // Of line 1 it ends the reading, here it is one damaged line.
    throw std::invalid_argument("the first line of a history that this program does not read");
  }
}

std::optional<HistoryRecord> HistoryReader::State::read_row(std::string_view line) {
  const std::optional<HistoryLayout>& layout = layouts.at(layout_of_row(line));
  const std::optional<std::int64_t> step = step_of_row(line);
  if (!layout) throw std::invalid_argument("a row of a layout that no line before it says");
  if (step && is_superseded(*step)) {
    if (!line.ends_with(']')) throw std::invalid_argument("a row without an end");
    ++notes.superseded_rows;
    return std::nullopt;
  }
  HistoryStep read = parse_row(line, *layout);
  if (step) require_order(*step);
  return read;
}

std::optional<HistoryRecord> HistoryReader::State::read_object(std::string_view line) {
  if (line.starts_with("{\"layout\"")) {
    NumberedLayout read = parse_layout_line(line);
    layouts.at(read.number) = std::move(read.layout);
    return std::nullopt;
  }
  if (is_history_header(line)) {  // Written once more where a first attempt failed half way.
    require_same_header(line);
    return std::nullopt;
  }
  if (const auto step = step_of_resumption(line)) {
    ++notes.resumptions;
    last_step = std::min(last_step, *step - 1);
    step_before_last = std::min(step_before_last, last_step);
    return std::nullopt;
  }
  HistoryEvent event = parse_event_line(line);
  if (event.step && is_superseded(*event.step)) return std::nullopt;
  return event;
}

void HistoryReader::State::note_damage(const char* what) {
  const bool has_no_end = text.find('\n', line_byte) == std::string_view::npos;
  const bool is_before_resumption = step_of_resumption(line_at(text, next_byte)).has_value();
  if (has_no_end || is_before_resumption) {
    ++notes.cut_lines;
    return;
  }
  if (notes.damaged_lines++ > 0) return;
  notes.first_damaged_line = line_number;
  notes.first_damage = what;
}

std::optional<HistoryRecord> HistoryReader::State::read_line(std::string_view line) {
  try {
    if (line.starts_with('[')) return read_row(line);
    if (line.starts_with('{')) return read_object(line);
    if (!line.empty()) throw std::invalid_argument("neither an array nor an object");
  } catch (const std::invalid_argument& damage) {
    note_damage(damage.what());
  }
  return std::nullopt;
}

HistoryReader::HistoryReader(std::string_view text, std::string path)
    : state_(std::make_unique<State>(text, std::move(path))) {}
HistoryReader::~HistoryReader() = default;
HistoryReader::HistoryReader(HistoryReader&&) noexcept = default;
HistoryReader& HistoryReader::operator=(HistoryReader&&) noexcept = default;

std::optional<HistoryRecord> HistoryReader::next() {
  while (state_->next_byte < state_->text.size()) {
    if (auto record = state_->read_line(state_->take_line())) return record;
  }
  return std::nullopt;
}

const HistoryNotes& HistoryReader::notes() const {
  return state_->notes;
}

}  // namespace gradvitals
