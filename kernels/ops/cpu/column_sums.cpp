#include "kernels/ops/cpu/column_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/column_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The columns from `j` on that fill vectors of `d`; returns the first that does not.
template <class D, class T>
HWY_INLINE std::int64_t add_four_rows(D d, const T* r0, std::int64_t stride, std::int64_t j,
                                      std::int64_t columns, T* sums) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* r1 = r0 + stride;
  const T* r2 = r1 + stride;
  const T* r3 = r2 + stride;
  for (; j + lanes <= columns; j += lanes) {
    const auto low = hn::Add(hn::LoadU(d, r0 + j), hn::LoadU(d, r1 + j));
    const auto high = hn::Add(hn::LoadU(d, r2 + j), hn::LoadU(d, r3 + j));
    hn::StoreU(hn::Add(hn::LoadU(d, sums + j), hn::Add(low, high)), d, sums + j);
  }
  return j;
}

template <class T>
void sum_columns(const T* matrix, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                 T* sums) {
  const hn::ScalableTag<T> vector;
  const hn::CappedTag<T, 1> one;
  std::int64_t row = 0;
  for (; row + kSummedRows <= rows; row += kSummedRows) {
    const T* first = matrix + row * stride;
    const std::int64_t j = add_four_rows(vector, first, stride, 0, columns, sums);
    add_four_rows(one, first, stride, j, columns, sums);
  }
  for (; row < rows; ++row) {
    for (std::int64_t j = 0; j < columns; ++j) sums[j] += matrix[row * stride + j];
  }
}

void sum_columns_float(const float* matrix, std::int64_t stride, std::int64_t rows,
                       std::int64_t columns, float* sums) {
  sum_columns(matrix, stride, rows, columns, sums);
}

void sum_columns_double(const double* matrix, std::int64_t stride, std::int64_t rows,
                        std::int64_t columns, double* sums) {
  sum_columns(matrix, stride, rows, columns, sums);
}

}  // namespace gradvitals::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(sum_columns_float);
HWY_EXPORT(sum_columns_double);

void add_column_sums(const float* matrix, std::int64_t stride, std::int64_t rows,
                     std::int64_t columns, float* sums) {
  HWY_DYNAMIC_DISPATCH(sum_columns_float)(matrix, stride, rows, columns, sums);
}

void add_column_sums(const double* matrix, std::int64_t stride, std::int64_t rows,
                     std::int64_t columns, double* sums) {
  HWY_DYNAMIC_DISPATCH(sum_columns_double)(matrix, stride, rows, columns, sums);
}

}  // namespace gradvitals::cpu
#endif
