#include "monitor/report/aligned_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

constexpr std::string_view kColumnGap = "  ";

/// As printed: the ASCII form of a character is wider than the character.
int printed_width(std::string_view cell, TextStyle style) {
  return display_width(decorate(cell, {.ascii = style.ascii}));
}

std::vector<int> column_widths(std::span<const TableRow> rows, TextStyle style) {
  std::vector<int> widths(rows.front().size());
  for (const TableRow& row : rows) {
    // A cell alone in its row runs over the columns.
    if (row.size() == 1) continue;
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], printed_width(row[i], style));
    }
  }
  return widths;
}

/// Decorated last: a row has the colour of the marker that it begins with.
std::string line_of(const TableRow& row, const std::vector<int>& widths, TextStyle style) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 == row.size()) break;
    line.append(static_cast<std::size_t>(widths[i] - printed_width(row[i], style)), ' ');
    line += kColumnGap;
  }
  return decorate(line + '\n', style);
}

int width_of_table(const std::vector<int>& widths) {
  return std::accumulate(widths.begin(), widths.end(),
                         static_cast<int>(kColumnGap.size() * (widths.size() - 1)));
}

void drop_column(std::vector<TableRow>& rows, std::ptrdiff_t column) {
  for (TableRow& row : rows) {
    if (row.size() > 1) row.erase(row.begin() + column);
  }
}

/// Without the columns that do not fit.
std::vector<TableRow> fitting_rows(std::span<const TableRow> rows, TextStyle style,
                                   std::span<const std::string_view> spare) {
  std::vector<TableRow> fitting(rows.begin(), rows.end());
  for (const std::string_view header : spare) {
    if (style.width <= 0 || width_of_table(column_widths(fitting, style)) <= style.width) break;
    const TableRow& headers = fitting.front();
    const auto found = std::ranges::find(headers, header);
    if (found != headers.end()) drop_column(fitting, found - headers.begin());
  }
  return fitting;
}

}  // namespace

std::string aligned_table(std::span<const TableRow> rows, TextStyle style,
                          std::span<const std::string_view> spare) {
  const std::vector<TableRow> fitting = fitting_rows(rows, style, spare);
  const std::vector<int> widths = column_widths(fitting, style);
  const int table_width = width_of_table(widths);
  const int rule_width = style.width > 0 ? std::min(table_width, style.width) : table_width;

  const std::string rule = fmt::format("{:-<{}}\n", "", rule_width);
  std::string text =
      fmt::format("{:=<{}}\n", "", rule_width) + line_of(fitting.front(), widths, style) + rule;
  for (const TableRow& row : std::span(fitting).subspan(1)) text += line_of(row, widths, style);
  return text + rule;
}

}  // namespace gradvitals
