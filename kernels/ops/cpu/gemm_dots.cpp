// Computes:    out[i] = alpha * dot(matrix row i, vector) + beta * out[i] + bias[i]
// Shapes:      matrix (rows,K), vector (K), out (rows), bias (rows) or (1)
// DTypes:      float or double throughout
// Launch:      the calling thread
// Traffic:     the matrix once -> bound by reading it
// Determinism: the order within a dot product depends on K alone, not on the row's place
// Edge cases:  any K > 0; no element outside of an operand is read
// Errors:      none; arguments were checked
// Reference:   multiply_register_tiled computes the same formula
#include <algorithm>

#include "kernels/ops/cpu/gemm.h"
#include "kernels/runtime/cpu/sized_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/gemm_dots.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Rows summed side by side: 8 chains cover 2 multiply-adds a cycle at a latency of 4.
constexpr int kRowsTogether = 8;

template <int kRows, class T>
HWY_INLINE void dot_rows(const Dots<T>& p, std::int64_t row) {
  const hn::ScalableTag<T> d;
  constexpr std::int64_t kLanes = hn::MaxLanes(hn::ScalableTag<T>());
  const T* matrix = p.matrix + row * p.row_stride;
  hn::Vec<decltype(d)> sum[kRows];
  for (int r = 0; r < kRows; ++r) sum[r] = hn::Zero(d);
  std::int64_t k = 0;
  for (; k + kLanes <= p.k; k += kLanes) {
    const auto x = hn::LoadU(d, p.vector + k);
    for (int r = 0; r < kRows; ++r) {
      sum[r] = hn::MulAdd(hn::LoadU(d, matrix + r * p.row_stride + k), x, sum[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    T total = hn::GetLane(hn::SumOfLanes(d, sum[r]));
    for (std::int64_t i = k; i < p.k; ++i) total += matrix[r * p.row_stride + i] * p.vector[i];
    T& out = p.out[(row + r) * p.out_stride];
    const T bias = p.bias ? p.bias[(row + r) * p.bias_stride] : T{0};
    out = p.alpha * total + (p.beta == T{0} ? bias : p.beta * out + bias);
  }
}

template <class T>
void dot_all(const Dots<T>& p) {
  std::int64_t row = 0;
  for (; row + kRowsTogether <= p.rows; row += kRowsTogether) dot_rows<kRowsTogether>(p, row);
  for (; row < p.rows; ++row) dot_rows<1>(p, row);
}

void dot_all_float(const Dots<float>& p) {
  dot_all(p);
}
void dot_all_double(const Dots<double>& p) {
  dot_all(p);
}

}  // namespace gradvitals::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(dot_all_float);
HWY_EXPORT(dot_all_double);

void multiply_dots(const Dots<float>& dots) {
  HWY_DYNAMIC_DISPATCH(dot_all_float)(dots);
}
void multiply_dots(const Dots<double>& dots) {
  HWY_DYNAMIC_DISPATCH(dot_all_double)(dots);
}

}  // namespace gradvitals::cpu
#endif
