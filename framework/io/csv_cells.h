// Lines and cells of a CSV text, for its readers. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// Stands for a text of one column.
inline constexpr char kNoDelimiter = '\0';

/// Without blanks around.
std::string_view trimmed(std::string_view text);

/// The text without a byte order mark and without empty lines at the end.
std::string_view csv_content(std::string_view text);

/// Walks over the lines of a text and counts them.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  /// Without its end, "\n" or "\r\n"; empty after the last.
  std::optional<std::string_view> next();
  /// Of the line that next() gave last, from 1.
  std::int64_t number() const { return number_; }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::int64_t number_ = 0;
};

/// Cells as they stand in the line, quotes included, without blanks around. Delimiters within quotes
/// do not count; blanks as delimiters may repeat.
void split_cells(std::string_view line, char delimiter, std::vector<std::string_view>& cells);

/// Throws InputError naming the path and the line where a quote of the line that `lines` gave last is
/// not closed in it: what follows would be taken for more of that cell.
void refuse_open_quote(std::string_view line, const LineReader& lines, const std::string& path);

/// What is between the quotes of a quoted cell, and every other cell as it is.
std::string_view unquoted(std::string_view cell);

/// The text that a cell stands for: a quote within quotes is written twice.
std::string cell_text(std::string_view cell);

}  // namespace gradvitals
