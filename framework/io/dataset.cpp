#include "framework/io/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <span>

#include "framework/io/batch_arrays.h"
#include "framework/io/csv.h"
#include "framework/io/file_kind.h"
#include "framework/io/idx.h"
#include "framework/io/inflated_file.h"
#include "framework/io/input_file.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

/// A table, and what its file was.
struct SampleTable : CsvTable {
  bool has_pixels = false;
};

/// IDX begins with two zero bytes, which no CSV does.
bool is_idx(const std::string& content) {
  return content.size() >= 2 && content[0] == '\0' && content[1] == '\0';
}

bool has_unsigned_bytes(const std::string& idx) {
  constexpr char kUnsignedByte = 0x08;
  return idx.size() > 2 && idx[2] == kUnsignedByte;
}

/// An IDX array as a table, one row per index of its first dimension.
SampleTable as_table(IdxArray&& array, const std::string& path) {
  SampleTable table;
  table.rows = array.shape[0];
  if (array.values.empty()) refuse_input(path, "has no elements");
  table.cols = std::ssize(array.values) / table.rows;
  table.values = std::move(array.values);
  return table;
}

bool has_own_targets(const std::string& content) {
  const FileKind kind = kind_of(std::as_bytes(std::span(content)));
  return kind == FileKind::kSafetensors || kind == FileKind::kZip;
}

SampleTable read_table(const std::string& path, const NameColumn& name_column = {}) {
  const std::string content = read_inflated(path);
  if (has_own_targets(content)) {
    refuse_input(path, "holds x and y: its targets are y, and no other is named");
  }
  if (!is_idx(content)) return {parse_csv(content, path, name_column)};
  SampleTable table = as_table(parse_idx(std::as_bytes(std::span(content)), path), path);
  table.has_pixels = has_unsigned_bytes(content);
  return table;
}

std::optional<std::int64_t> column_named(const CsvTable& table, const std::string& name,
                                         const std::string& path) {
  const auto count = std::ranges::count(table.columns, name);
  if (count == 0) return std::nullopt;
  if (count > 1) refuse_input(path, fmt::format("{} columns are named {}", count, in_quotes(name)));
  return std::ranges::find(table.columns, name) - table.columns.begin();
}

std::optional<std::int64_t> column_at(const CsvTable& table, const std::string& target,
                                      const std::string& path) {
  std::int64_t index = 0;
  const char* end = target.data() + target.size();
  const auto [stop, error] = std::from_chars(target.data(), end, index);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error != std::errc() || index < -table.cols || index >= table.cols) {
    refuse_input(path, fmt::format("target {}: there are {} columns", target, table.cols));
  }
  return index < 0 ? index + table.cols : index;
}

/// The column that `target` names, else the one with this index.
std::optional<std::int64_t> column_of(const CsvTable& table, const std::string& target,
                                      const std::string& path) {
  const std::optional<std::int64_t> named = column_named(table, target, path);
  return named ? named : column_at(table, target, path);
}

/// Moves one column out of the table.
Dataset split_column(const SampleTable& table, std::int64_t column, const std::string& path) {
  if (table.cols < 2) refuse_input(path, "has one column: no feature is left beside the target");
  Dataset dataset{.rows = table.rows, .features = table.cols - 1, .outputs = 1, .x = {}, .y = {}};
  dataset.x.reserve(static_cast<std::size_t>(dataset.rows * dataset.features));
  dataset.y.reserve(static_cast<std::size_t>(dataset.rows));
  for (std::int64_t i = 0; i < std::ssize(table.values); ++i) {
    auto& side = i % table.cols == column ? dataset.y : dataset.x;
    side.push_back(table.values[static_cast<std::size_t>(i)]);
  }
  dataset.feature_names = table.columns;
  if (!table.columns.empty()) dataset.feature_names.erase(dataset.feature_names.begin() + column);
  dataset.has_pixels = table.has_pixels;
  dataset.class_names = table.classes;
  return dataset;
}

Dataset join(SampleTable&& x, SampleTable&& y, const std::string& data, const std::string& target) {
  if (x.rows != y.rows) {
    refuse_input(target, fmt::format("has {} rows, {} has {}", y.rows, data, x.rows));
  }
  return {.rows = x.rows,
          .features = x.cols,
          .outputs = y.cols,
          .x = std::move(x.values),
          .y = std::move(y.values),
          .feature_names = std::move(x.columns),
          .has_pixels = x.has_pixels};
}

/// The finite values of a column, where they stand.
using Column = std::vector<std::reference_wrapper<double>>;

/// Calls `change` with each column that has a finite value.
template <class Change>
void change_columns(std::vector<double>& values, std::int64_t cols, Change change) {
  Column finite;
  for (std::int64_t col = 0; col < cols; ++col) {
    finite.clear();
    for (auto i = static_cast<std::size_t>(col); i < values.size();
         i += static_cast<std::size_t>(cols)) {
      if (std::isfinite(values[i])) finite.emplace_back(values[i]);
    }
    if (!finite.empty()) change(finite);
  }
}

/// To [0, 1]. In halves, since the range of finite numbers may be infinite.
void rescale(const Column& column) {
  const auto [low, high] = std::ranges::minmax(column, std::less<double>());
  const double half_low = low.get() / 2, half_range = high.get() / 2 - half_low;
  for (double& value : column) {
    value = half_range > 0.0 ? (value / 2 - half_low) / half_range : 0.0;
  }
}

/// To mean 0 and variance 1; of values in [0, 1] no square overflows.
void standardize(const Column& column) {
  rescale(column);
  const auto count = static_cast<double>(column.size());
  const double mean = std::accumulate(column.begin(), column.end(), 0.0) / count;
  double squares = 0.0;
  for (const double value : column) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / count);
  if (deviation == 0.0) return;  // A constant, which is 0 by now.
  for (double& value : column) value = (value - mean) / deviation;
}

}  // namespace

Dataset load_dataset(const std::string& data, const std::string& target) {
  SampleTable table =
      read_table(data, [&](const CsvTable& begun) { return column_of(begun, target, data); });
  const std::optional<std::int64_t> column = column_of(table, target, data);
  if (column) return split_column(table, *column, data);
  std::error_code ignored;
  if (!std::filesystem::exists(target, ignored)) {
    refuse_input(data, fmt::format("target {} is neither a column nor a file", in_quotes(target)));
  }
  return join(std::move(table), read_table(target), data, target);
}

Dataset load_dataset(const std::string& data) {
  const FileKind kind = InputFile(data).kind();
  if (kind != FileKind::kSafetensors && kind != FileKind::kZip) {
    refuse_input(data,
                 "is no file of arrays x and y: a target is needed, a column or a second file");
  }
  BatchArrays arrays = read_batch_arrays(data);
  const auto& [x, y] = arrays;
  if (x.shape.size() < 2 || y.shape.empty() || y.shape.size() > 2 || x.shape[0] != y.shape[0] ||
      x.values.empty() || y.values.empty()) {
    refuse_input(data, fmt::format("x [{}] and y [{}] are no samples with their targets",
                                   fmt::join(x.shape, ","), fmt::join(y.shape, ",")));
  }
  const std::int64_t rows = x.shape[0];
  return {.rows = rows,
          .features = std::ssize(x.values) / rows,
          .outputs = std::ssize(y.values) / rows,
          .x = {x.values.begin(), x.values.end()},
          .y = {y.values.begin(), y.values.end()}};
}

void standardize_features(Dataset& dataset) {
  change_columns(dataset.x, dataset.features, standardize);
}

void rescale_targets(Dataset& dataset) {
  change_columns(dataset.y, dataset.outputs, rescale);
}

}  // namespace gradvitals
