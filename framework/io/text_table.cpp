#include "framework/io/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>

#include "framework/io/csv_cells.h"
#include "kernels/runtime/input_message.h"

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

}  // namespace

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
