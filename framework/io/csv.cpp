#include "framework/io/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "framework/io/csv_cells.h"
#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

char delimiter_of(std::string_view line) {
  for (const char candidate : {'\t', ';', ','}) {
    if (line.find(candidate) != std::string_view::npos) return candidate;
  }
  return trimmed(line).find(' ') == std::string_view::npos ? kNoDelimiter : ' ';
}

/// A network has an output for each: more are no classes, but texts.
constexpr std::size_t kMostClasses = 1000;

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
  CsvParser(std::string_view text, const std::string& path, const NameColumn& name_column)
      : path_(path), lines_(text), choose_name_column_(name_column) {}

  CsvTable parse();

 private:
  void read_first_line(std::string_view line);
  void append_row(std::string_view line);
  void append_cell(std::size_t column);
  bool may_be_name(std::size_t column) const;
  void number_names();
  [[noreturn]] void refuse_cell(std::size_t column, std::string_view what) const {
    refuse_input(path_, fmt::format("line {}, column {}: {} {}", lines_.number(), column + 1,
                                    in_quotes(cells_[column]), what));
  }

  const std::string& path_;
  LineReader lines_;
  char delimiter_ = kNoDelimiter;
  std::vector<std::string_view> cells_;
  CsvTable table_;
  const NameColumn& choose_name_column_;
  std::optional<std::size_t> name_column_;
  std::vector<std::string> names_;  ///< In that column, a row each; empty where it has numbers.
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
  number_names();
  return std::move(table_);
}

void CsvParser::read_first_line(std::string_view line) {
  split_cells(line, delimiter_, cells_);
  table_.cols = std::ssize(cells_);
  double value = 0.0;
  const auto is_text = [&](std::string_view cell) {
    return parse_cell(cell, value) == CellKind::kText;
  };
  const bool is_header = std::ranges::all_of(cells_, is_text);
  if (is_header) {
    refuse_open_quote(line, lines_, path_);
    for (const std::string_view cell : cells_) table_.columns.push_back(cell_text(cell));
  }
  if (choose_name_column_) name_column_ = choose_name_column_(table_);
  if (!is_header) append_row(line);
}

/// The first row decides what the column holds.
bool CsvParser::may_be_name(std::size_t column) const {
  if (column != name_column_ || (table_.rows > 0 && names_.empty())) return false;
  constexpr std::string_view kNumberStart = "0123456789+-.,";
  const std::string_view cell = trimmed(unquoted(cells_[column]));
  return !cell.empty() && kNumberStart.find(cell.front()) == std::string_view::npos;
}

void CsvParser::number_names() {
  if (names_.empty()) return;
  table_.classes = names_;
  std::ranges::sort(table_.classes);
  table_.classes.erase(std::unique(table_.classes.begin(), table_.classes.end()),
                       table_.classes.end());
  if (table_.classes.size() > kMostClasses) {
    refuse_input(path_, fmt::format("column {} holds {} different texts: too many for names of "
                                    "classes, of which there may be {}",
                                    *name_column_ + 1, table_.classes.size(), kMostClasses));
  }
  // A header of numbers but for the column of names looks like a row: its name stands in no other.
  const bool may_be_header = table_.columns.empty() && names_.size() > 1;
  if (may_be_header && std::ranges::count(names_, names_.front()) == 1) {
    refuse_input(path_,
                 fmt::format("the first line has \"{}\" in column {}, and no other line has: "
                             "where it is a header, give every column a name that is no "
                             "number; where it is a class of one sample, give a header",
                             printable(names_.front()), *name_column_ + 1));
  }
  for (std::size_t row = 0; row < names_.size(); ++row) {
    const auto place = std::ranges::lower_bound(table_.classes, names_[row]);
    table_.values[row * static_cast<std::size_t>(table_.cols) + *name_column_] =
        static_cast<double>(place - table_.classes.begin());
  }
}

void CsvParser::append_cell(std::size_t column) {
  double value = 0.0;
  const CellKind kind = parse_cell(cells_[column], value);
  if (kind == CellKind::kText && may_be_name(column)) {
    names_.emplace_back(trimmed(cell_text(cells_[column])));
  } else if (kind == CellKind::kText) {
    refuse_cell(column, "is not a number");
  } else if (kind == CellKind::kOutOfRange) {
    refuse_cell(column, "is out of float64's range");
  } else if (column == name_column_ && !names_.empty()) {
    refuse_cell(column, "is a number, and the rows before it have names there");
  }
  table_.values.push_back(value);
}

void CsvParser::append_row(std::string_view line) {
  refuse_open_quote(line, lines_, path_);
  split_cells(line, delimiter_, cells_);
  if (std::ssize(cells_) != table_.cols) {
    refuse_input(path_, fmt::format("line {}: has {} columns, line 1 has {}", lines_.number(),
                                    line.empty() ? 0 : cells_.size(), table_.cols));
  }
  for (std::size_t column = 0; column < cells_.size(); ++column) append_cell(column);
  ++table_.rows;
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& path, const NameColumn& name_column) {
  return CsvParser(csv_content(text), path, name_column).parse();
}

}  // namespace gradvitals
