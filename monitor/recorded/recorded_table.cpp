#include "monitor/recorded/recorded_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"
#include "monitor/metrics/norm_names.h"
#include "monitor/recorded/recorded_history.h"

namespace gradvitals {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// A number as C++ reads it: "nan", "inf" and "infinity" in any case among them.
std::optional<double> number_of(std::string_view cell) {
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double value = 0.0;
  const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || stop != cell.data() + cell.size()) return std::nullopt;
  return value;
}

/// "1e999": a number that no float64 comes near.
bool is_out_of_range(std::string_view cell) {
  double value = 0.0;
  const char* const end = cell.data() + cell.size();
  const auto [stop, error] = std::from_chars(cell.data(), end, value);
  return error == std::errc::result_out_of_range && stop == end;
}

/// "0,5": a number all the same, where it was written, and no label.
bool has_decimal_comma(std::string_view cell) {
  std::string with_point(cell);
  const std::size_t comma = with_point.find(',');
  if (comma == std::string::npos) return false;
  with_point[comma] = '.';
  return number_of(with_point).has_value();
}

bool is_boolean(std::string_view cell) {
  const std::string text = ascii_lower(cell);
  return text == "true" || text == "false";
}

/// A table whose rows are read one after the other.
class TableReader {
 public:
  TableReader(const RecordedTable& table, const std::string& path)
      : table_(table), path_(path), log_(path, "line") {}

  RecordedMetrics read();

 private:
  enum class Use : std::uint8_t { kPassedOver, kStep, kLoss, kNorm };

  std::size_t rows() const { return table_.lines.size(); }
  std::string_view cell(std::size_t row, std::size_t column) const {
    return table_.cells[row * table_.columns.size() + column];
  }
  std::string cell_and(std::size_t row, std::size_t column, std::string_view what) const {
    return fmt::format("line {}, column {}: {} {}", table_.lines[row],
                       in_quotes(table_.columns[column]), in_quotes(cell(row, column)), what);
  }
  [[noreturn]] void refuse_cell(std::size_t row, std::size_t column, std::string_view what) const {
    refuse_input(path_, cell_and(row, column, what));
  }
  std::size_t column_named(std::span<const std::string_view> names) const;
  std::size_t step_column() const;
  std::size_t texts(std::size_t column) const;
  bool has_text(std::size_t column) const { return texts(column) > 0; }
  bool is_text(std::size_t column) const;
  bool is_boolean_column(std::size_t column) const;
  bool is_left_out(std::size_t column) const;
  void leave_out(std::size_t column);
  std::optional<double> value_at(std::size_t row, std::size_t column) const;
  std::optional<std::int64_t> step_at(std::size_t row, std::size_t column) const;
  std::vector<Use> uses_of_columns();
  void read_columns();
  bool read_names_and_values();

  const RecordedTable& table_;
  const std::string& path_;
  TrainingLog log_;
};

std::size_t TableReader::column_named(std::span<const std::string_view> names) const {
  for (const std::string_view name : names) {
    for (std::size_t column = 0; column < table_.columns.size(); ++column) {
      if (ascii_lower(table_.columns[column]) == name) return column;
    }
  }
  return kNone;
}

std::size_t TableReader::step_column() const {
  std::size_t best = kNone;
  int best_rank = std::numeric_limits<int>::max();
  for (std::size_t column = 0; column < table_.columns.size(); ++column) {
    const std::optional<int> rank = step_rank(table_.columns[column]);
    if (!rank || *rank >= best_rank) continue;
    best = column;
    best_rank = *rank;
  }
  return best;
}

/// Cells that are neither a number, as some write it, nor empty.
std::size_t TableReader::texts(std::size_t column) const {
  std::size_t count = 0;
  for (std::size_t row = 0; row < rows(); ++row) {
    const std::string_view text = cell(row, column);
    if (!is_no_value(text) && !number_of(text) && !has_decimal_comma(text)) ++count;
  }
  return count;
}

bool TableReader::is_boolean_column(std::size_t column) const {
  for (std::size_t row = 0; row < rows(); ++row) {
    if (!is_no_value(cell(row, column)) && !is_boolean(cell(row, column))) return false;
  }
  return has_text(column);
}

/// A text where a norm is expected is at fault; a column of labels or of flags is none of norms.
bool TableReader::is_left_out(std::size_t column) const {
  const std::string& name = table_.columns[column];
  const bool is_expected = says_gradient(name) || is_parameter_name(name);
  return is_boolean_column(column) || (!is_expected && is_text(column));
}

void TableReader::leave_out(std::size_t column) {
  for (std::size_t row = 0; row < rows(); ++row) {
    if (is_no_value(cell(row, column)) || number_of(cell(row, column))) continue;
    return log_.leave_out_text(table_.columns[column], cell_and(row, column, "is not a number"));
  }
}

/// True of a column of labels, false where a text stands among numbers.
bool TableReader::is_text(std::size_t column) const {
  std::size_t filled = 0;
  for (std::size_t row = 0; row < rows(); ++row) {
    if (!is_no_value(cell(row, column))) ++filled;
  }
  return filled > 0 && 2 * texts(column) >= filled;
}

std::optional<double> TableReader::value_at(std::size_t row, std::size_t column) const {
  if (is_no_value(cell(row, column))) return std::nullopt;
  const std::optional<double> value = number_of(cell(row, column));
  if (!value && has_decimal_comma(cell(row, column))) {
    refuse_cell(row, column, "has a decimal comma; numbers are read with a point");
  }
  if (!value && is_out_of_range(cell(row, column))) {
    refuse_cell(row, column, "is out of float64's range");
  }
  if (!value) {
    refuse_cell(row, column, "is not a number; an empty cell is a norm that was not recorded");
  }
  return value;
}

std::optional<std::int64_t> TableReader::step_at(std::size_t row, std::size_t column) const {
  if (column == kNone) return std::nullopt;
  const std::optional<double> value = value_at(row, column);
  if (!value) return std::nullopt;
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (std::trunc(*value) != *value || std::abs(*value) > kLargestExact) {
    refuse_cell(row, column, "is not a whole number");
  }
  return static_cast<std::int64_t>(*value);
}

std::vector<TableReader::Use> TableReader::uses_of_columns() {
  const std::size_t step = step_column();
  const std::vector<bool> is_norm =
      choose_norms(table_.columns, std::vector<bool>(table_.columns.size()));
  std::vector<Use> uses(table_.columns.size(), Use::kPassedOver);
  bool has_loss = false;
  for (std::size_t column = 0; column < uses.size(); ++column) {
    const std::string& name = table_.columns[column];
    if (column == step) {
      uses[column] = Use::kStep;
    } else if (is_loss_name(name) && !has_loss) {
      uses[column] = Use::kLoss;
      has_loss = true;
    } else if (is_norm[column] && is_left_out(column)) {
      leave_out(column);
    } else if (is_norm[column]) {
      uses[column] = Use::kNorm;
    }
  }
  return uses;
}

void TableReader::read_columns() {
  const std::vector<Use> uses = uses_of_columns();
  std::vector<std::size_t> names(uses.size(), kNone);
  std::map<std::string, int> given;
  for (std::size_t column = 0; column < uses.size(); ++column) {
    if (uses[column] != Use::kNorm) continue;
    // Two runs of one name give two columns of one name.
    const int times = ++given[table_.columns[column]];
    const std::string& name = table_.columns[column];
    names[column] = log_.index_of(times == 1 ? name : fmt::format("{} ({})", name, times), true);
  }
  for (std::size_t row = 0; row < rows(); ++row) {
    LoggedRecord record;
    record.number = table_.lines[row];
    for (std::size_t column = 0; column < uses.size(); ++column) {
      if (uses[column] == Use::kStep) record.step = step_at(row, column);
      if (uses[column] == Use::kLoss) record.loss = value_at(row, column);
      if (uses[column] != Use::kNorm) continue;
      if (const std::optional<double> norm = value_at(row, column)) {
        record.values.push_back({.name = names[column], .value = *norm});
      } else {
        record.empty.push_back(names[column]);
      }
    }
    log_.add(std::move(record));
  }
}

/// Rows of a name and a value; false where the table is none of those.
bool TableReader::read_names_and_values() {
  constexpr std::array<std::string_view, 10> kNames{"name",   "layer",    "parameter", "param",
                                                    "tensor", "variable", "tag",       "metric",
                                                    "key",    "module"};
  constexpr std::array<std::string_view, 8> kValues{
      "norm", "grad_norm", "gradient_norm", "l2_norm", "grad_l2", "l2", "value", "grad"};
  const std::size_t names = column_named(kNames), values = column_named(kValues);
  if (names == kNone || values == kNone || !has_text(names)) return false;
  // A column of values says nothing on what they are; the names do.
  const bool are_norms = ascii_lower(table_.columns[values]) != "value";
  const std::size_t steps = step_column();
  // Some export one name after the other, each over all steps.
  std::map<std::optional<std::int64_t>, LoggedRecord> by_step;
  std::map<std::pair<std::optional<std::int64_t>, std::size_t>, std::size_t> places;  // Of values.
  for (std::size_t row = 0; row < rows(); ++row) {
    const std::optional<std::int64_t> step = step_at(row, steps);
    LoggedRecord& record = by_step[step];
    record.step = step;
    record.number = table_.lines[row];
    const std::optional<double> value = value_at(row, values);
    const std::string_view name = cell(row, names);
    if (value && !are_norms && is_loss_name(name)) {
      record.loss = value;
    } else if (value) {
      const std::size_t index = log_.index_of(name, are_norms);
      const auto [place, is_new] = places.emplace(std::pair(step, index), record.values.size());
      if (is_new || !step) {
        record.values.push_back({.name = index, .value = *value});
      } else {
        log_.supersede(*step, std::exchange(record.values[place->second].value, *value));
      }
    }
  }
  for (auto& [step, record] : by_step) log_.add(std::move(record));
  return true;
}

RecordedMetrics TableReader::read() {
  if (!read_names_and_values()) read_columns();
  return log_.to_metrics();
}

}  // namespace

RecordedMetrics recorded_from_table(const RecordedTable& table, const std::string& path) {
  return TableReader(table, path).read();
}

}  // namespace gradvitals
