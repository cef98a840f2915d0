// Sums down the columns of a matrix, for bias gradients.
#pragma once

#include <cstdint>

namespace gradvitals::cpu {

/// Rows whose sum is added to the running sums at once, as (r0 + r1) + (r2 + r3).
constexpr std::int64_t kSummedRows = 4;

/// sums[j] += the sum of column j over `rows` rows that are `stride` elements apart. The order of
/// the additions is the same for every cut of the columns, and for every cut of the rows at a
/// multiple of kSummedRows.
void add_column_sums(const float* matrix, std::int64_t stride, std::int64_t rows,
                     std::int64_t columns, float* sums);
void add_column_sums(const double* matrix, std::int64_t stride, std::int64_t rows,
                     std::int64_t columns, double* sums);

}  // namespace gradvitals::cpu
