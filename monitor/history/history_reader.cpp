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

/// Some hundred system calls for a run of a day, and no memory to speak of.
constexpr std::size_t kPieceBytes = std::size_t{4} << 20;

void add_resumptions(std::string_view text, HistoryLines& lines,
                     const HistoryReader::LetGo& let_go) {
  constexpr std::string_view kStart = "\n{\"event\":\"resumed\"";
  for (std::size_t begin = 0; begin < text.size(); begin += kPieceBytes) {
    const std::string_view part = text.substr(begin, kPieceBytes);
    // One that the end of the piece cuts in two belongs to it.
    const std::string_view searched = text.substr(0, begin + part.size() + kStart.size() - 1);
    for (std::size_t byte = searched.find(kStart, begin); byte != std::string_view::npos;
         byte = searched.find(kStart, byte + 1)) {
      if (const auto step = step_of_resumption(line_at(text, byte + 1))) {
        lines.add_resumption({.byte = byte + 1, .step = *step});
      }
    }
    if (let_go) let_go(part);
  }
}

}  // namespace

bool HistoryReader::is_history(std::string_view text) {
  return is_history_header(line_at(text, 0)) ||
         (is_cut_header(text) && text.find(kHistorySchema) != std::string_view::npos);
}

struct HistoryReader::State {
  State(std::string_view all, const std::string& path, LetGo on_read)
      : text(all), let_go(std::move(on_read)), lines(path) {
    if (text.empty()) refuse_input(path, "is empty: a history begins with the first step of a run");
    if (is_cut_header(text)) {
      refuse_input(path, "holds no complete line: its run was ended while it wrote the first one");
    }
    add_resumptions(text, lines, let_go);
    take_line();
  }

  std::optional<HistoryRecord> take_line();

  void let_go_of_read();

  std::string_view text;
  LetGo let_go;
  HistoryLines lines;
  std::size_t next_byte = 0;
  std::size_t gone_bytes = 0;
};

std::optional<HistoryRecord> HistoryReader::State::take_line() {
  const std::size_t byte = next_byte;
  const std::size_t end = std::min(text.find('\n', byte), text.size());
  next_byte = std::min(end + 1, text.size());
  auto record = lines.take(text.substr(byte, end - byte), byte);
  if (next_byte - gone_bytes >= kPieceBytes || next_byte == text.size()) let_go_of_read();
  return record;
}

void HistoryReader::State::let_go_of_read() {
  if (let_go) let_go(text.substr(gone_bytes, next_byte - gone_bytes));
  gone_bytes = next_byte;
}

HistoryReader::HistoryReader(std::string_view text, std::string path, LetGo let_go)
    : state_(std::make_unique<State>(text, path, std::move(let_go))) {}
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
