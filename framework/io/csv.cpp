#include "framework/io/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "framework/io/input_message.h"

namespace gradvitals {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kLineEnds = "\r\n";
constexpr char kNoDelimiter = '\0';

std::string_view trimmed(std::string_view text, std::string_view unwanted = kBlanks) {
  const std::size_t first = text.find_first_not_of(unwanted);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(unwanted) - first + 1);
}

/// Walks over the lines of a text and counts them.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    const std::size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return line;
  }

  /// Of the line that next() gave last, from 1.
  std::int64_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::int64_t number_ = 0;
};

char delimiter_of(std::string_view line) {
  for (const char candidate : {'\t', ';', ','}) {
    if (line.find(candidate) != std::string_view::npos) return candidate;
  }
  return trimmed(line).find(' ') == std::string_view::npos ? kNoDelimiter : ' ';
}

/// Cells as they stand in the line, quotes included. Delimiters within quotes do not count.
void split(std::string_view line, char delimiter, std::vector<std::string_view>& cells) {
  cells.clear();
  if (delimiter == ' ') line = trimmed(line);
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] != delimiter || quoted || delimiter == kNoDelimiter) continue;
    const bool repeated_blank = delimiter == ' ' && i == begin;
    if (!repeated_blank) cells.push_back(trimmed(line.substr(begin, i - begin)));
    begin = i + 1;
  }
  cells.push_back(trimmed(line.substr(begin)));
}

bool is_quoted(std::string_view cell) {
  return cell.size() >= 2 && cell.starts_with('"') && cell.ends_with('"');
}

std::string column_name(std::string_view cell) {
  if (!is_quoted(cell)) return std::string(cell);
  std::string name;
  cell = cell.substr(1, cell.size() - 2);
  for (std::size_t i = 0; i < cell.size(); ++i) {
    name += cell[i];
    if (cell.substr(i, 2) == "\"\"") ++i;  // A quote within quotes is written twice.
  }
  return name;
}

enum class CellKind { kNumber, kText, kOutOfRange };

CellKind parse_cell(std::string_view cell, double& value) {
  if (is_quoted(cell)) cell = trimmed(cell.substr(1, cell.size() - 2));
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (end != cell.data() + cell.size() || error == std::errc::invalid_argument) {
    return CellKind::kText;
  }
  return error == std::errc() ? CellKind::kNumber : CellKind::kOutOfRange;
}

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& path) : path_(path), lines_(text) {}

  CsvTable parse();

 private:
  void read_first_line(std::string_view line);
  void append_row(std::string_view line);
  [[noreturn]] void refuse_cell(std::size_t column, std::string_view what) const {
    refuse_input(path_, fmt::format("line {}, column {}: {} {}", lines_.number(), column + 1,
                                    in_quotes(cells_[column]), what));
  }

  const std::string& path_;
  LineReader lines_;
  char delimiter_ = kNoDelimiter;
  std::vector<std::string_view> cells_;
  CsvTable table_;
};

CsvTable CsvParser::parse() {
  LineReader ahead = lines_;
  const std::optional<std::string_view> first = ahead.next();
  if (!first) refuse_input(path_, "is empty");
  delimiter_ = delimiter_of(ahead.next().value_or(*first));
  read_first_line(*lines_.next());
  while (const std::optional<std::string_view> line = lines_.next()) append_row(*line);
  if (table_.rows < 2) {
    refuse_input(path_, table_.rows == 0 ? "has a header but no rows"
                                         : "has only one row of numbers; two are needed");
  }
  return std::move(table_);
}

void CsvParser::read_first_line(std::string_view line) {
  split(line, delimiter_, cells_);
  table_.cols = std::ssize(cells_);
  double value = 0.0;
  const auto is_text = [&](std::string_view cell) {
    return parse_cell(cell, value) == CellKind::kText;
  };
  if (!std::ranges::all_of(cells_, is_text)) {
    append_row(line);
    return;
  }
  for (const std::string_view cell : cells_) table_.columns.push_back(column_name(cell));
}

void CsvParser::append_row(std::string_view line) {
  split(line, delimiter_, cells_);
  if (std::ssize(cells_) != table_.cols) {
    refuse_input(path_, fmt::format("line {}: has {} columns, line 1 has {}", lines_.number(),
                                    line.empty() ? 0 : cells_.size(), table_.cols));
  }
  for (std::size_t column = 0; column < cells_.size(); ++column) {
    double value = 0.0;
    switch (parse_cell(cells_[column], value)) {
      case CellKind::kText:
        refuse_cell(column, "is not a number");
      case CellKind::kOutOfRange:
        refuse_cell(column, "is out of float64's range");
      case CellKind::kNumber:
        table_.values.push_back(value);
    }
  }
  ++table_.rows;
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& path) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t last = text.find_last_not_of(kLineEnds);
  return CsvParser(text.substr(0, last == std::string_view::npos ? 0 : last + 1), path).parse();
}

}  // namespace gradvitals
