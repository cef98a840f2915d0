#include "monitor/history/history_reader.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "monitor/history/event_line.h"
#include "monitor/history/history_header.h"
#include "monitor/history/history_lines.h"
#include "monitor/history/history_writer.h"

namespace gradvitals {
namespace {

/// Without its break.
std::string_view line_at(std::string_view text, std::size_t byte) {
  const std::string_view line = text.substr(byte, text.find('\n', byte) - byte);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

void add_resumptions(std::string_view text, HistoryLines& lines) {
  constexpr std::string_view kStart = "\n{\"event\":\"resumed\"";
  for (std::size_t byte = text.find(kStart); byte != std::string_view::npos;
       byte = text.find(kStart, byte + 1)) {
    if (const auto step = step_of_resumption(line_at(text, byte + 1))) {
      lines.add_resumption({.byte = byte + 1, .step = *step});
    }
  }
}

}  // namespace

bool HistoryReader::is_history(std::string_view text) {
  return is_history_header(line_at(text, 0)) ||
         (is_cut_header(text) && text.find(kHistorySchema) != std::string_view::npos);
}

struct HistoryReader::State {
  State(std::string_view all, const std::string& path) : text(all), lines(path) {
    if (is_cut_header(text)) {
      refuse_input(path, "holds no complete line: its run was ended while it wrote the first one");
    }
    add_resumptions(text, lines);
    take_line();
  }

  std::optional<HistoryRecord> take_line();

  std::string_view text;
  HistoryLines lines;
  std::size_t next_byte = 0;
};

std::optional<HistoryRecord> HistoryReader::State::take_line() {
  const std::size_t byte = next_byte;
  const std::size_t end = std::min(text.find('\n', byte), text.size());
  next_byte = std::min(end + 1, text.size());
  return lines.take(text.substr(byte, end - byte), byte);
}

HistoryReader::HistoryReader(std::string_view text, std::string path)
    : state_(std::make_unique<State>(text, path)) {}
HistoryReader::~HistoryReader() = default;
HistoryReader::HistoryReader(HistoryReader&&) noexcept = default;
HistoryReader& HistoryReader::operator=(HistoryReader&&) noexcept = default;

std::optional<HistoryRecord> HistoryReader::next() {
  while (state_->next_byte < state_->text.size()) {
    if (auto record = state_->take_line()) return record;
  }
  state_->lines.end(state_->text.ends_with('\n'));
  return std::nullopt;
}

const HistoryNotes& HistoryReader::notes() const {
  return state_->lines.notes();
}

}  // namespace gradvitals
