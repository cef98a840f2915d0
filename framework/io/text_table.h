// Tables of text: CSV whose cells are not parsed yet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

struct TextTable {
  std::vector<std::string> columns;
  /// Row-major, without quotes and blanks around; they point into the text that was parsed.
  std::vector<std::string_view> cells;
  std::vector<std::int64_t> lines;  ///< Of each row in the file, from 1.
  /// 1 where the last line was cut short, as one is that is still being written; 0 otherwise.
  std::int64_t skipped_lines = 0;
};

/// Whether the text looks like a table, damaged perhaps: half of the rows beneath its first line or
/// more (of a long text the first ones count) hold a number or a word for none ("NA"), or have as
/// many cells as that line, two or more. Prose and code do not.
bool looks_like_table(std::string_view text);

/// Parses CSV whose first line names the columns. The delimiter is the first of tab, semicolon and
/// comma that splits the first two lines into equally many cells, two or more; one column needs
/// none. Empty lines are passed over. `path` is for messages. Throws InputError naming the path and
/// the line for a first line without a name or with one twice, a row that is longer or shorter than
/// it, a quote without end, and a text without rows.
TextTable parse_text_table(std::string_view text, const std::string& path);

}  // namespace gradvitals
