#include "monitor/report/aligned_table.h"

#include <fmt/format.h>

#include <algorithm>
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

}  // namespace

std::string aligned_table(std::span<const TableRow> rows, TextStyle style) {
  const std::vector<int> widths = column_widths(rows, style);
  int table_width = static_cast<int>(kColumnGap.size() * (widths.size() - 1));
  for (const int width : widths) table_width += width;

  const std::string rule = fmt::format("{:-<{}}\n", "", table_width);
  std::string text =
      fmt::format("{:=<{}}\n", "", table_width) + line_of(rows.front(), widths, style) + rule;
  for (const TableRow& row : rows.subspan(1)) text += line_of(row, widths, style);
  return text + rule;
}

}  // namespace gradvitals
