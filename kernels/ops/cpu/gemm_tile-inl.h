// The innermost loops of products: a tile of c whose sums stand in registers, compiled once per
// instruction set. Register tiles after Goto and van de Geijn 2008.

// Highway's idiom for headers that each target includes anew.
#if defined(GRADVITALS_CPU_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADVITALS_CPU_GEMM_TILE_INL_H_
#undef GRADVITALS_CPU_GEMM_TILE_INL_H_
#else
#define GRADVITALS_CPU_GEMM_TILE_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "kernels/ops/cpu/gemm.h"

// Arrays of vectors stay in registers only where every loop over them is unrolled before the
// compiler looks at the arrays, which g++ 12 does when it is told to, at -O2 as at -O3. The loop over
// k is unrolled by 4 on top, which is worth 10 %. (Figures in the files of products are of Zen 3, one thread,
// float, by ./run bench gemm.)
#if defined(__GNUC__) && !defined(__clang__)
#define GRADVITALS_UNROLL _Pragma("GCC unroll 16")
#define GRADVITALS_UNROLL_BY_4 _Pragma("GCC unroll 4")
#elif defined(__clang__)
#define GRADVITALS_UNROLL _Pragma("clang loop unroll(full)")
#define GRADVITALS_UNROLL_BY_4 _Pragma("clang loop unroll_count(4)")
#else
#define GRADVITALS_UNROLL
#define GRADVITALS_UNROLL_BY_4
#endif

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
constexpr std::int64_t kLanes = hn::MaxLanes(Tag<T>());

/// Vectors side by side in a tile: with 6 rows, 12 sums, 2 vectors of b and 1 of a fit the 16 registers
/// of AVX2, and 12 independent chains cover 2 multiply-adds a cycle at a latency of 4.
constexpr int kTileVectors = 2;
template <class T>
constexpr std::int64_t kTileWidth = kTileVectors* kLanes<T>;

/// Rows of op(a), where they stand: element (i, k) is data[i * row_stride + k * depth_stride].
template <class T>
struct Rows {
  const T* data;
  std::int64_t row_stride;
  std::int64_t depth_stride;

  Rows from(std::int64_t row) const { return {data + row * row_stride, row_stride, depth_stride}; }
  HWY_INLINE T of_row(int row) const { return data[row * row_stride]; }
  HWY_INLINE void advance() { data += depth_stride; }
};

/// How wide a strip of so many columns is: one or two vectors.
template <class T>
HWY_INLINE std::int64_t strip_width(std::int64_t columns) {
  return columns <= kLanes<T> ? kLanes<T> : kTileWidth<T>;
}

/// A strip of op(b): `width` columns, of which `columns` exist in c.
template <class T>
struct Strip {
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
  const T* bias;  // Of the strip's `width` columns, or null.
};

/// The epilogues of the strips of a product for the terms from k on: the first adds beta * c + bias, the
/// others what is in c.
template <class T>
class Epilogues {
 public:
  Epilogues(const Product<T>& product, std::int64_t k) : product_(product), is_first_(k == 0) {}

  Epilogue<T> of_strip(std::int64_t column, std::int64_t columns) {
    const bool has_bias = is_first_ && product_.bias != nullptr;
    if (has_bias) std::copy_n(product_.bias + column, columns, bias_);
    return {product_.alpha, is_first_ ? product_.beta : T{1}, has_bias ? bias_ : nullptr};
  }

 private:
  const Product<T>& product_;
  bool is_first_;
  HWY_ALIGN T bias_[kTileWidth<T>] = {};
};

/// The tile's place in c, of which `rows` rows exist.
template <class T>
struct Target {
  T* data;
  std::int64_t stride;
  std::int64_t rows;
};

template <int kRows, int kVectors, class T>
HWY_INLINE void store_tile(const hn::Vec<Tag<T>> (&sum)[kRows][kVectors], Epilogue<T> epilogue,
                           T* c, std::int64_t ldc) {
  const Tag<T> d;
  const auto alpha = hn::Set(d, epilogue.alpha);
  const auto beta = hn::Set(d, epilogue.beta);
  GRADVITALS_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const auto bias = epilogue.bias ? hn::LoadU(d, epilogue.bias + v * kLanes<T>) : hn::Zero(d);
    GRADVITALS_UNROLL
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

/// As store_tile() for a tile of which c has the first rows or columns only.
template <int kRows, int kVectors, class T>
HWY_INLINE void store_partial_tile(const hn::Vec<Tag<T>> (&sum)[kRows][kVectors],
                                   Epilogue<T> epilogue, std::int64_t columns, Target<T> c) {
  constexpr std::int64_t kWidth = kVectors * kLanes<T>;
  HWY_ALIGN T tile[kRows * kWidth] = {};
  if (epilogue.beta != T{0}) copy_rows(c.data, c.stride, c.rows, columns, tile, kWidth);
  store_tile(sum, epilogue, tile, kWidth);
  copy_rows(tile, kWidth, c.rows, columns, c.data, c.stride);
}

/// The tile of c is fetched while sums of so many terms are computed: 10 % of large products.
constexpr std::int64_t kPrefetchDepth = 128;

/// The first c.rows of kRows rows; op(a) has all of them.
template <int kRows, int kVectors, class A, class T>
HWY_INLINE void multiply_tile(A a, const Strip<T>& strip, const Epilogue<T>& epilogue,
                              Target<T> c) {
  const Tag<T> d;
  hn::Vec<Tag<T>> sum[kRows][kVectors];
  GRADVITALS_UNROLL
  for (int r = 0; r < kRows; ++r) {
    GRADVITALS_UNROLL
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  }
  if (strip.depth >= kPrefetchDepth) {
    for (std::int64_t r = 0; r < c.rows; ++r) {
      hwy::Prefetch(c.data + r * c.stride);
      hwy::Prefetch(c.data + r * c.stride + strip.columns - 1);
    }
  }
  const T* b = strip.data;
  GRADVITALS_UNROLL_BY_4
  for (std::int64_t k = 0; k < strip.depth; ++k) {
    hn::Vec<Tag<T>> b_row[kVectors];
    GRADVITALS_UNROLL
    for (int v = 0; v < kVectors; ++v) b_row[v] = hn::LoadU(d, b + v * kLanes<T>);
    GRADVITALS_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const auto a_value = hn::Set(d, a.of_row(r));
      GRADVITALS_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(a_value, b_row[v], sum[r][v]);
    }
    a.advance();
    b += strip.stride;
  }
  if (c.rows == kRows && strip.columns == kVectors * kLanes<T>) {
    store_tile(sum, epilogue, c.data, c.stride);
  } else {
    store_partial_tile(sum, epilogue, strip.columns, c);
  }
}

}  // namespace gradvitals::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
