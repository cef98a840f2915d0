// Computes:    c = alpha * op(a) op(b) + beta * c + bias for small matrices
// Shapes:      op(a) (M,K), op(b) (K,N), c (M,N), bias (N)
// DTypes:      float or double throughout
// Launch:      the calling thread; 32 KB of stack
// Traffic:     b once, a once for each strip of b -> bound by the multiply-adds while a fits the L2
// Determinism: an element of c is one chain of multiply-adds over k, cut every kDepth
// Edge cases:  any m, n, k > 0; no element outside of an operand is read or written
// Errors:      none; arguments were checked
// Reference:   multiply_naive is the twin; the third rung: sums stay in registers
#include "kernels/ops/cpu/gemm.h"

#include <algorithm>
#include <cstdint>

#include "kernels/runtime/cpu/sized_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/gemm_register_tiled.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/ops/cpu/gemm_pack-inl.h"
#include "kernels/ops/cpu/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu::HWY_NAMESPACE {

constexpr int kTileRows = 6;
/// Rows of b a strip holds: 256 x 2 vectors are 16 KB with AVX2, half of a 32 KB L1.
constexpr std::int64_t kDepth = 256;

/// Calls multiply_tile for c.rows <= kRows rows.
template <int kRows, int kVectors, class T>
HWY_INLINE void multiply_rows(Rows<T> a, const Strip<T>& strip, const Epilogue<T>& epilogue,
                              Target<T> c) {
  if constexpr (kRows > 1) {
    if (c.rows < kRows) return multiply_rows<kRows - 1, kVectors>(a, strip, epilogue, c);
  }
  multiply_tile<kRows, kVectors>(a, strip, epilogue, c);
}

template <int kVectors, class T>
void multiply_strip(const Product<T>& p, Rows<T> a, const Strip<T>& strip,
                    const Epilogue<T>& epilogue, T* c) {
  for (std::int64_t i = 0; i < p.m; i += kTileRows) {
    multiply_rows<kTileRows, kVectors>(
        a.from(i), strip, epilogue,
        Target<T>{c + i * p.ldc, p.ldc, std::min<std::int64_t>(kTileRows, p.m - i)});
  }
}

/// Rows of c from which on a copy of a strip pays for itself, where its rows lie so far apart in b
/// that they fall into few sets of an 8-way 32 KB L1: with rows of 512 bytes a strip of 64 of them
/// fills those sets. Measured on Zen 3: 256 x 1024 x 1024 at 39 GFLOP/s in place, 79 packed.
constexpr std::int64_t kPackRows = 48;
constexpr std::int64_t kPackStrideBytes = 512;

template <class T>
Strip<T> make_strip(const Product<T>& p, std::int64_t k, std::int64_t j, T* packed) {
  const std::int64_t depth = std::min(kDepth, p.k - k);
  const std::int64_t columns = std::min(kTileWidth<T>, p.n - j);
  const std::int64_t width = strip_width<T>(columns);
  const bool scattered =
      p.m >= kPackRows && p.ldb * static_cast<std::int64_t>(sizeof(T)) >= kPackStrideBytes;
  if (p.transpose_b) {
    pack_transposed_strip(p.b + j * p.ldb + k, p.ldb, depth, columns, width, packed);
  } else if (columns < width || scattered) {
    pack_strip(p.b + k * p.ldb + j, p.ldb, depth, columns, width, packed);
  } else {
    return {p.b + k * p.ldb + j, p.ldb, depth, width, columns};
  }
  return {packed, width, depth, width, columns};
}

template <class T>
void multiply_tiled(const Product<T>& p) {
  HWY_ALIGN T packed[kDepth * kTileWidth<T>];
  const std::int64_t row_stride = p.transpose_a ? 1 : p.lda;
  const std::int64_t depth_stride = p.transpose_a ? p.lda : 1;
  for (std::int64_t k = 0; k < p.k; k += kDepth) {
    const Rows<T> a{p.a + k * depth_stride, row_stride, depth_stride};
    Epilogues<T> epilogues(p, k);
    for (std::int64_t j = 0; j < p.n; j += kTileWidth<T>) {
      const Strip<T> strip = make_strip(p, k, j, packed);
      const Epilogue<T> epilogue = epilogues.of_strip(j, strip.columns);
      if (strip.width == kTileWidth<T>) {
        multiply_strip<kTileVectors>(p, a, strip, epilogue, p.c + j);
      } else {
        multiply_strip<1>(p, a, strip, epilogue, p.c + j);
      }
    }
  }
}

void multiply_tiled_float(const Product<float>& p) {
  multiply_tiled(p);
}
void multiply_tiled_double(const Product<double>& p) {
  multiply_tiled(p);
}

}  // namespace gradvitals::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(multiply_tiled_float);
HWY_EXPORT(multiply_tiled_double);

void multiply_register_tiled(const Product<float>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_tiled_float)(product);
}

void multiply_register_tiled(const Product<double>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_tiled_double)(product);
}

}  // namespace gradvitals::cpu
#endif
