// CSV: tables of numbers, plain or compressed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// A table of numbers, row-major. NaN and infinities ("nan", "inf") are values like any other.
struct CsvTable {
  std::vector<std::string> columns;  ///< Names; empty where the file has no header.
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<double> values;  ///< (rows, cols)
  /// Of a column of names (see parse_csv()): the different ones, sorted. Its values are their places.
  std::vector<std::string> classes{};
};

/// Which column may hold names, of a table whose columns and cols are set; empty for none.
using NameColumn = std::function<std::optional<std::int64_t>(const CsvTable&)>;

/// Parses text. The delimiter is the first of tab, semicolon, comma and blanks (any number of them)
/// that is found in the second line, which is never a header. The first line is a header where none
/// of its cells is a number. Cells may be quoted; a byte order mark, "\r\n" and empty lines at the
/// end are taken. `path` is for messages. Throws InputError naming the path, line and column (both
/// from 1) of a cell that is no number or out of float64's range, of a first line that mixes names
/// and numbers outside of the column below, of a row that is longer or shorter than the first, and for text with fewer than two
/// rows of numbers.
///
/// The column that `name_column` chooses may hold names of classes in place of numbers: texts that begin
/// with no digit, sign or point, in every row, 1,000 different ones at most. Without a header, a
/// first name that stands in no other row is refused: it may be the header's.
CsvTable parse_csv(std::string_view text, const std::string& path,
                   const NameColumn& name_column = {});

}  // namespace gradvitals
