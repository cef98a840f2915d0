// Tables as text: columns as wide as their widest cell.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/style.h"

namespace gradvitals {

/// Cells fit to print. A row of one cell runs over all columns.
using TableRow = std::vector<std::string>;

/// The first row is the header, with a double line above it and a single one below; another single
/// line ends the table. The last column is not padded: no line ends in blanks. A table that is wider than
/// style.width loses columns whose headers are among `spare`, in that order, until it fits.
std::string aligned_table(std::span<const TableRow> rows, TextStyle style,
                          std::span<const std::string_view> spare = {});

}  // namespace gradvitals
