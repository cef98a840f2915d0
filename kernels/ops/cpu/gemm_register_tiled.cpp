// Computes:    c = alpha * op(a) op(b) + beta * c + bias for small matrices
// Shapes:      op(a) (M,K), op(b) (K,N), c (M,N), bias (N)
// DTypes:      float or double throughout
// Launch:      the calling thread; 32 KB of stack
// Traffic:     b once, a once for each panel of b -> bound by the multiply-adds while a fits the L2
// Determinism: an element of c is one chain of multiply-adds over k, cut every kDepth
// Edge cases:  any m, n >= 0; no element outside of an operand is read or written
// Errors:      none; arguments were checked
// Reference:   multiply_openblas is the twin; register tiles after Goto and van de Geijn 2008
#include "kernels/ops/cpu/gemm.h"

#include <algorithm>

// Tiles are arrays of vectors, which the sizeless vectors of SVE and RVV cannot be; those machines
// run the fixed-size target below (NEON), or plain C++. SSSE3 alone is a machine of 2006-2010, not
// worth a fifth of this file's compile time.
#include <hwy/detect_targets.h>
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/gemm_register_tiled.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
constexpr std::int64_t kLanes = hn::MaxLanes(Tag<T>());

/// Rows of a tile: 6 x 2 vectors of sums, 2 of b and 1 of a fit the 16 registers of AVX2, and 12
/// independent chains cover 2 multiply-adds a cycle at a latency of 4.
constexpr int kTileRows = 6;
constexpr int kTileVectors = 2;
/// Rows of b a panel holds: 256 x 2 vectors are 16 KB with AVX2, half of a 32 KB L1.
constexpr std::int64_t kDepth = 256;

/// A panel of b: `width` columns, a multiple of a vector, of which `columns` exist in c.
template <class T>
struct Panel {
  const T* data;
  std::int64_t stride;
  std::int64_t depth;
  std::int64_t width;
  std::int64_t columns;
};

/// The rest of an element's formula: alpha * sum + beta * c + bias.
template <class T>
struct Epilogue {
  T alpha;
  T beta;
  const T* bias;  // Of the panel's columns, or null.
};

template <int kRows, int kVectors, class T>
HWY_INLINE void store_tile(const hn::Vec<Tag<T>> (&sum)[kRows][kVectors], Epilogue<T> epilogue,
                           T* c, std::int64_t ldc) {
  const Tag<T> d;
  const auto alpha = hn::Set(d, epilogue.alpha);
  const auto beta = hn::Set(d, epilogue.beta);
  for (int v = 0; v < kVectors; ++v) {
    const auto bias = epilogue.bias ? hn::LoadU(d, epilogue.bias + v * kLanes<T>) : hn::Zero(d);
    for (int r = 0; r < kRows; ++r) {
      T* out = c + r * ldc + v * kLanes<T>;
      const auto rest = epilogue.beta == T{0} ? bias : hn::MulAdd(beta, hn::LoadU(d, out), bias);
      hn::StoreU(hn::MulAdd(alpha, sum[r][v], rest), d, out);
    }
  }
}

template <class T>
HWY_NOINLINE void copy_rows(const T* from, std::int64_t from_stride, std::int64_t rows,
                            std::int64_t columns, T* to, std::int64_t to_stride) {
  for (std::int64_t r = 0; r < rows; ++r) {
    std::copy_n(from + r * from_stride, columns, to + r * to_stride);
  }
}

/// As store_tile() for a tile of which c has the first `columns` only.
template <int kRows, int kVectors, class T>
HWY_INLINE void store_partial_tile(const hn::Vec<Tag<T>> (&sum)[kRows][kVectors],
                                   Epilogue<T> epilogue, std::int64_t columns, T* c,
                                   std::int64_t ldc) {
  constexpr std::int64_t kWidth = kVectors * kLanes<T>;
  HWY_ALIGN T tile[kRows * kWidth] = {};
  if (epilogue.beta != T{0}) copy_rows(c, ldc, kRows, columns, tile, kWidth);
  store_tile(sum, epilogue, tile, kWidth);
  copy_rows(tile, kWidth, kRows, columns, c, ldc);
}

template <int kRows, int kVectors, class T>
HWY_INLINE void multiply_tile(const T* a, std::int64_t a_row_stride, std::int64_t a_depth_stride,
                              const Panel<T>& panel, const Epilogue<T>& epilogue, T* c,
                              std::int64_t ldc) {
  const Tag<T> d;
  hn::Vec<Tag<T>> sum[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  }
  const T* b = panel.data;
  for (std::int64_t k = 0; k < panel.depth; ++k) {
    hn::Vec<Tag<T>> b_row[kVectors];
    for (int v = 0; v < kVectors; ++v) b_row[v] = hn::LoadU(d, b + v * kLanes<T>);
    for (int r = 0; r < kRows; ++r) {
      const auto a_value = hn::Set(d, a[r * a_row_stride]);
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(a_value, b_row[v], sum[r][v]);
    }
    a += a_depth_stride;
    b += panel.stride;
  }
  if (panel.columns == kVectors * kLanes<T>) {
    store_tile(sum, epilogue, c, ldc);
  } else {
    store_partial_tile(sum, epilogue, panel.columns, c, ldc);
  }
}

/// Calls multiply_tile for `rows` <= kTileRows rows.
template <int kRows, int kVectors, class T>
HWY_INLINE void multiply_rows(std::int64_t rows, const T* a, std::int64_t a_row_stride,
                              std::int64_t a_depth_stride, const Panel<T>& panel,
                              const Epilogue<T>& epilogue, T* c, std::int64_t ldc) {
  if constexpr (kRows > 1) {
    if (rows < kRows) {
      return multiply_rows<kRows - 1, kVectors>(rows, a, a_row_stride, a_depth_stride, panel,
                                                epilogue, c, ldc);
    }
  }
  multiply_tile<kRows, kVectors>(a, a_row_stride, a_depth_stride, panel, epilogue, c, ldc);
}

template <int kVectors, class T>
void multiply_panel(const Product<T>& p, std::int64_t first_depth, const Panel<T>& panel,
                    const Epilogue<T>& epilogue, T* c) {
  const std::int64_t row_stride = p.transpose_a ? 1 : p.lda;
  const std::int64_t depth_stride = p.transpose_a ? p.lda : 1;
  const T* a = p.a + first_depth * depth_stride;
  for (std::int64_t i = 0; i < p.m; i += kTileRows) {
    multiply_rows<kTileRows, kVectors>(std::min<std::int64_t>(kTileRows, p.m - i),
                                       a + i * row_stride, row_stride, depth_stride, panel,
                                       epilogue, c + i * p.ldc, p.ldc);
  }
}

/// Copies a (depth, columns) block of b to a panel of `width` columns, the rest of them zero.
template <class T>
void pack(const T* b, std::int64_t ldb, std::int64_t depth, std::int64_t columns,
          std::int64_t width, T* panel) {
  for (std::int64_t k = 0; k < depth; ++k) {
    T* row = panel + k * width;
    std::copy_n(b + k * ldb, columns, row);
    std::fill(row + columns, row + width, T{0});
  }
}

#if HWY_TARGET == HWY_SCALAR  // Has no vectors to interleave.

template <class T>
constexpr std::int64_t kBlock = 1;

template <class T>
HWY_INLINE void transpose_block(const T* b, std::int64_t, T* panel, std::int64_t) {
  *panel = *b;
}

#else

/// A square block as wide as a 128-bit vector: 4 x 4 floats or 2 x 2 doubles.
template <class T>
constexpr std::int64_t kBlock = 16 / sizeof(T);

template <class T>
HWY_INLINE void transpose_block(const T* b, std::int64_t ldb, T* panel, std::int64_t width) {
  const hn::Full128<T> d;
  const auto row = [&](int r) { return hn::LoadU(d, b + r * ldb); };
  if constexpr (sizeof(T) == 4) {
    const auto low02 = hn::InterleaveLower(d, row(0), row(2));
    const auto low13 = hn::InterleaveLower(d, row(1), row(3));
    const auto high02 = hn::InterleaveUpper(d, row(0), row(2));
    const auto high13 = hn::InterleaveUpper(d, row(1), row(3));
    hn::StoreU(hn::InterleaveLower(d, low02, low13), d, panel);
    hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, panel + width);
    hn::StoreU(hn::InterleaveLower(d, high02, high13), d, panel + 2 * width);
    hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, panel + 3 * width);
  } else {
    hn::StoreU(hn::InterleaveLower(d, row(0), row(1)), d, panel);
    hn::StoreU(hn::InterleaveUpper(d, row(0), row(1)), d, panel + width);
  }
}

#endif

/// As pack(), from b stored transposed: a (columns, depth) block.
template <class T>
void pack_transposed(const T* b, std::int64_t ldb, std::int64_t depth, std::int64_t columns,
                     std::int64_t width, T* panel) {
  const std::int64_t block_columns = columns - columns % kBlock<T>;
  const std::int64_t block_depth = depth - depth % kBlock<T>;
  for (std::int64_t k = 0; k < block_depth; k += kBlock<T>) {
    for (std::int64_t j = 0; j < block_columns; j += kBlock<T>) {
      transpose_block(b + j * ldb + k, ldb, panel + k * width + j, width);
    }
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    T* row = panel + k * width;
    for (std::int64_t j = k < block_depth ? block_columns : 0; j < columns; ++j) {
      row[j] = b[j * ldb + k];
    }
    std::fill(row + columns, row + width, T{0});
  }
}

/// Rows of c from which on a copy of a panel pays for itself, where its rows lie so far apart in b
/// that they fall into few sets of an 8-way 32 KB L1: with rows of 512 bytes a panel of 64 of them
/// fills those sets. Measured on Zen 3: 256 x 1024 x 1024 at 39 GFLOP/s in place, 79 packed.
constexpr std::int64_t kPackRows = 48;
constexpr std::int64_t kPackStrideBytes = 512;

template <class T>
Panel<T> make_panel(const Product<T>& p, std::int64_t k, std::int64_t j, T* packed) {
  constexpr std::int64_t kWidth = kTileVectors * kLanes<T>;
  const std::int64_t depth = std::min(kDepth, p.k - k);
  const std::int64_t columns = std::min(kWidth, p.n - j);
  const std::int64_t width = columns <= kLanes<T> ? kLanes<T> : kWidth;
  const bool scattered =
      p.m >= kPackRows && p.ldb * static_cast<std::int64_t>(sizeof(T)) >= kPackStrideBytes;
  if (p.transpose_b) {
    pack_transposed(p.b + j * p.ldb + k, p.ldb, depth, columns, width, packed);
  } else if (columns < width || scattered) {
    pack(p.b + k * p.ldb + j, p.ldb, depth, columns, width, packed);
  } else {
    return {p.b + k * p.ldb + j, p.ldb, depth, width, columns};
  }
  return {packed, width, depth, width, columns};
}

template <class T>
void multiply_tiled(const Product<T>& p) {
  constexpr std::int64_t kWidth = kTileVectors * kLanes<T>;
  HWY_ALIGN T packed[kDepth * kWidth];
  HWY_ALIGN T bias[kWidth] = {};
  for (std::int64_t k = 0; k < p.k; k += kDepth) {
    for (std::int64_t j = 0; j < p.n; j += kWidth) {
      const Panel<T> panel = make_panel(p, k, j, packed);
      const bool with_bias = k == 0 && p.bias != nullptr;
      if (with_bias) std::copy_n(p.bias + j, panel.columns, bias);
      const Epilogue<T> epilogue{p.alpha, k == 0 ? p.beta : T{1}, with_bias ? bias : nullptr};
      if (panel.width == kWidth) {
        multiply_panel<kTileVectors>(p, k, panel, epilogue, p.c + j);
      } else {
        multiply_panel<1>(p, k, panel, epilogue, p.c + j);
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
