// Tables as text: columns as wide as their widest cell.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "monitor/report/style.h"

namespace gradvitals {

/// Cells fit to print. A row of one cell runs over all columns.
using TableRow = std::vector<std::string>;

/// The first row is the header, with a double line above it and a single one below; another single
/// line ends the table. The last column is not padded: no line ends in blanks.
std::string aligned_table(std::span<const TableRow> rows, TextStyle style);

}  // namespace gradvitals
