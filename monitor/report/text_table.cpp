#include "monitor/report/text_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/utf8.h"

namespace gradvitals {
namespace {

constexpr std::string_view kColumnGap = "  ";

std::vector<int> column_widths(const std::span<const TableRow> rows) {
  std::vector<int> widths(rows.front().size());
  for (const TableRow& row : rows) {
    // A cell alone in its row runs over the columns.
    if (row.size() == 1) continue;
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  return widths;
}

std::string line_of(const TableRow& row, const std::vector<int>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 == row.size()) break;
    line.append(static_cast<std::size_t>(widths[i] - display_width(row[i])), ' ');
    line += kColumnGap;
  }
  return line + '\n';
}

}  // namespace

std::string text_table(std::span<const TableRow> rows, TextStyle style) {
  std::vector<TableRow> cells(rows.begin(), rows.end());
  // Before the widths are taken: an ASCII form is wider than the character it stands for.
  for (TableRow& row : cells) {
    for (std::string& cell : row) cell = decorate(cell, {.ascii = style.ascii});
  }
  const std::vector<int> widths = column_widths(cells);
  int table_width = static_cast<int>(kColumnGap.size() * (widths.size() - 1));
  for (const int width : widths) table_width += width;

  const std::string rule = fmt::format("{:-<{}}\n", "", table_width);
  std::string text =
      fmt::format("{:=<{}}\n", "", table_width) + line_of(cells.front(), widths) + rule;
  for (auto row = cells.begin() + 1; row != cells.end(); ++row) {
    text += decorate(line_of(*row, widths), {.color = style.color});
  }
  return text + rule;
}

}  // namespace gradvitals
