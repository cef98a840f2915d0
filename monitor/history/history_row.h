// One step of a history as a line of text, and back. Internal.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "monitor/history/history_layout.h"
#include "monitor/history/history_reader.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"

namespace gradvitals {

/// Text that grows at its end and keeps its memory when it is cleared.
class LineBuffer {
 public:
  void clear() { size_ = 0; }
  std::string_view text() const { return {bytes_.data(), size_}; }
  void append(std::string_view text);
  void append(char letter) { *room(1) = letter, ++size_; }
  /// Where the next `bytes` may be written; end() then says up to where they were.
  char* room(std::size_t bytes) {
    if (bytes_.size() - size_ < bytes) bytes_.resize(2 * (size_ + bytes));
    return bytes_.data() + size_;
  }
  void end(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.data()); }

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
};

/// Appends "[0,12,0.25,...]" and a line break; kHistoryColumns says what stands where. The layout
/// must fit the metrics.
void append_row(LineBuffer& line, std::size_t layout, const HealthMetrics& metrics,
                const StepContext& context);

/// The number of the row's layout. Throws as parse_row().
std::size_t layout_of_row(std::string_view line);

/// The step of the row, read without the rest of it; empty where it has none. Throws as parse_row().
std::optional<std::int64_t> step_of_row(std::string_view line);

/// The inverse of append_row(), without its line break: statistics to nine digits, max_abs and
/// min_abs_nonzero of what has no more exactly, as everything else. Throws std::invalid_argument
/// saying what is wrong with the line.
HistoryStep parse_row(std::string_view line, const HistoryLayout& layout);

}  // namespace gradvitals
