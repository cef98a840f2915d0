// Norms over steps as a table, as trackers export them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "monitor/recorded/recorded_metrics.h"

namespace gradvitals {

/// A table of text whose first row named the columns. Owns nothing.
struct RecordedTable {
  std::span<const std::string> columns;
  std::span<const std::string_view> cells;  ///< Row-major, without quotes and blanks around.
  std::span<const std::int64_t> lines;      ///< Of each row in the file, from 1, for messages.
};

/// One step for each row that holds a norm. The step is that of the first column named for one
/// ("step", "Step", "global_step", ..., else "epoch"), else the place of the row, from 0. Every
/// column that is a norm by its name is a tensor (as for parse_recorded_metrics()); wall times and the
/// ranges that trackers add (NAME__MIN, NAME__MAX) are none. A table of names and values ("name,norm",
/// or "step,key,value") is read as well. Empty cells, "-", "NA", "null" and "None" hold no value; NaN
/// and infinities ("NaN", "inf", "-Infinity", ...) are values. `path` is for messages. Throws
/// InputError naming the path, and line and column of a cell that is neither.
RecordedMetrics recorded_from_table(const RecordedTable& table, const std::string& path);

}  // namespace gradvitals
