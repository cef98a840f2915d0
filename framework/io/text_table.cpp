#include "framework/io/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <system_error>

#include "framework/io/csv_cells.h"
#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

bool is_number(std::string_view cell) {
  double value = 0.0;
  const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error != std::errc::invalid_argument && stop == cell.data() + cell.size();
}

char delimiter_of(std::string_view header, std::string_view row) {
  std::vector<std::string_view> cells;
  for (const char candidate : {'\t', ';', ','}) {
    split_cells(header, candidate, cells);
    const std::size_t count = cells.size();
    split_cells(row, candidate, cells);
    if (count > 1 && cells.size() == count) return candidate;
  }
  // Of rows that do not fit their header, one is going to be refused: by what the header has.
  for (const char candidate : {'\t', ';', ','}) {
    split_cells(header, candidate, cells);
    if (cells.size() > 1) return candidate;
  }
  return kNoDelimiter;
}

std::vector<std::string> column_names(std::string_view header, char delimiter,
                                      const std::string& path) {
  std::vector<std::string_view> cells;
  split_cells(header, delimiter, cells);
  if (std::ranges::all_of(cells, [](auto cell) { return is_number(unquoted(cell)); })) {
    refuse_input(path, "line 1: names no columns: a header is needed");
  }
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (const std::string_view cell : cells) {
    const std::string& name = names.emplace_back(cell_text(cell));
    if (!name.empty() && !seen.insert(unquoted(cell)).second) {
      refuse_input(path, fmt::format("line 1: names column {} twice", in_quotes(name)));
    }
  }
  return names;
}

/// A number as any country writes it, or a word for none.
bool is_value(std::string_view cell) {
  std::string text = ascii_lower(trimmed(unquoted(cell)));
  std::ranges::replace(text, ',', '.');
  constexpr std::array<std::string_view, 4> kNone{"na", "n/a", "null", "none"};
  return is_number(text) || std::ranges::find(kNone, text) != kNone.end();
}

}  // namespace

bool looks_like_table(std::string_view text) {
  constexpr int kMostRows = 200;
  LineReader lines(csv_content(text));
  const std::string_view header = lines.next().value_or("");
  LineReader ahead = lines;
  const char delimiter = delimiter_of(header, ahead.next().value_or(""));
  std::vector<std::string_view> cells;
  split_cells(header, delimiter, cells);
  const std::size_t columns = cells.size();
  int rows = 0, fitting = 0;
  while (rows < kMostRows) {
    const auto line = lines.next();
    if (!line) break;
    if (trimmed(*line).empty()) continue;
    split_cells(*line, delimiter, cells);
    const bool fits = columns > 1 && cells.size() == columns;
    fitting += fits || std::ranges::any_of(cells, is_value) ? 1 : 0;
    ++rows;
  }
  return rows == 0 ? columns > 1 : 2 * fitting >= rows;
}

TextTable parse_text_table(std::string_view text, const std::string& path) {
  const std::string_view content = csv_content(text);
  LineReader lines(content);
  const auto header = lines.next();
  if (!header) refuse_input(path, "is empty");
  refuse_open_quote(*header, lines, path);
  LineReader ahead = lines;
  const char delimiter = delimiter_of(*header, ahead.next().value_or(""));
  TextTable table{.columns = column_names(*header, delimiter, path), .cells = {}, .lines = {}};
  std::vector<std::string_view> cells;
  while (const auto line = lines.next()) {
    if (trimmed(*line).empty()) continue;
    split_cells(*line, delimiter, cells);
    const bool is_unfinished = lines.is_at_end() && !text.ends_with('\n');
    if (cells.size() < table.columns.size() && is_unfinished) {
      ++table.skipped_lines;
      break;
    }
    refuse_open_quote(*line, lines, path);
    if (cells.size() != table.columns.size()) {
      refuse_input(path, fmt::format("line {}: has {} columns, line 1 has {}", lines.number(),
                                     cells.size(), table.columns.size()));
    }
    table.lines.push_back(lines.number());
    for (const std::string_view cell : cells) table.cells.push_back(trimmed(unquoted(cell)));
  }
  if (table.lines.empty()) refuse_input(path, "has a header but no rows");
  return table;
}

}  // namespace gradvitals
