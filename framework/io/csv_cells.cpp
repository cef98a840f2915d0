#include "framework/io/csv_cells.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/io/file_kind.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

constexpr std::string_view kBlanksInLine = " \t";
constexpr std::string_view kLineEnds = "\r\n";

bool is_quoted(std::string_view cell) {
  return cell.size() >= 2 && cell.starts_with('"') && cell.ends_with('"');
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanksInLine);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanksInLine) - first + 1);
}

std::string_view csv_content(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t last = text.find_last_not_of(kLineEnds);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::optional<std::string_view> LineReader::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++number_;
  return line;
}

void split_cells(std::string_view line, char delimiter, std::vector<std::string_view>& cells) {
  cells.clear();
  if (delimiter == ' ') line = trimmed(line);
  bool in_quotes = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') in_quotes = !in_quotes;
    if (line[i] != delimiter || in_quotes || delimiter == kNoDelimiter) continue;
    const bool is_repeated_blank = delimiter == ' ' && i == begin;
    if (!is_repeated_blank) cells.push_back(trimmed(line.substr(begin, i - begin)));
    begin = i + 1;
  }
  cells.push_back(trimmed(line.substr(begin)));
}

void refuse_open_quote(std::string_view line, const LineReader& lines, const std::string& path) {
  if (std::ranges::count(line, '"') % 2 == 0) return;
  refuse_input(path, fmt::format("line {}: a quote is opened and not closed", lines.number()));
}

std::string_view unquoted(std::string_view cell) {
  return is_quoted(cell) ? cell.substr(1, cell.size() - 2) : cell;
}

std::string cell_text(std::string_view cell) {
  if (!is_quoted(cell)) return std::string(cell);
  std::string text;
  cell = unquoted(cell);
  for (std::size_t i = 0; i < cell.size(); ++i) {
    text += cell[i];
    if (cell.substr(i, 2) == "\"\"") ++i;
  }
  return text;
}

}  // namespace gradvitals
