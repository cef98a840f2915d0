// Columns of numbers, shifted and scaled by those of some rows. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gradvitals {

/// Row-major values of a data set, and what to call it in messages.
struct Columns {
  std::span<const double> values;
  std::int64_t cols = 0;
};

/// A value v of column i becomes (v - shift[i]) / scale[i]; 0 where the scale is 0.
struct Scaling {
  std::vector<double> shift;  ///< One per column.
  std::vector<double> scale;
};

/// Leaves values as they are.
Scaling unchanged(std::int64_t cols);

/// To mean 0 and variance 1 over the rows.
Scaling standardizing(const Columns& columns, std::span<const std::int64_t> rows);

/// The same by one mean and one variance of all columns.
Scaling standardizing_together(const Columns& columns, std::span<const std::int64_t> rows);

/// To [0, 1] over the rows.
Scaling to_unit_range(const Columns& columns, std::span<const std::int64_t> rows);

/// 0 to count - 1.
std::vector<std::int64_t> all_rows(std::int64_t count);

/// The rows in their order, (rows, cols).
std::vector<float> scaled_rows(const Columns& columns, std::span<const std::int64_t> rows,
                               const Scaling& scaling);

}  // namespace gradvitals
