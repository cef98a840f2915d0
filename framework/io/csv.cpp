#include "framework/io/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "framework/io/csv_cells.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

char delimiter_of(std::string_view line) {
  for (const char candidate : {'\t', ';', ','}) {
    if (line.find(candidate) != std::string_view::npos) return candidate;
  }
  return trimmed(line).find(' ') == std::string_view::npos ? kNoDelimiter : ' ';
}

enum class CellKind { kNumber, kText, kOutOfRange };

CellKind parse_cell(std::string_view cell, double& value) {
  cell = trimmed(unquoted(cell));
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
  split_cells(line, delimiter_, cells_);
  table_.cols = std::ssize(cells_);
  double value = 0.0;
  const auto is_text = [&](std::string_view cell) {
    return parse_cell(cell, value) == CellKind::kText;
  };
  if (!std::ranges::all_of(cells_, is_text)) {
    append_row(line);
    return;
  }
  refuse_open_quote(line, lines_, path_);
  for (const std::string_view cell : cells_) table_.columns.push_back(cell_text(cell));
}

void CsvParser::append_row(std::string_view line) {
  refuse_open_quote(line, lines_, path_);
  split_cells(line, delimiter_, cells_);
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
  return CsvParser(csv_content(text), path).parse();
}

}  // namespace gradvitals
