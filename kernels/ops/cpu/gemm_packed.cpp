// Computes:    c = alpha * op(a) op(b) + beta * c + bias for large matrices, and what prepare_b and
//              finish_c ask
// Shapes:      op(a) (M,K), op(b) (K,N), c (M,N), bias (N)
// DTypes:      float or double throughout
// Launch:      the calling thread, in its workspace: two thirds of an L2 for a, and 2048 columns of b at
//              most: 3 MB of float, 6 MB of double
// Traffic:     a and b once from memory, b once more from the L3 for each block of a, c once for each
//              block of k -> bound by the multiply-adds
// Determinism: an element of c is one chain of multiply-adds over k, cut evenly into the fewest pieces of
//              at most kMostDepth
// Edge cases:  any m, n, k > 0; no element outside of an operand is read or written
// Errors:      std::bad_alloc for the workspace
// Reference:   multiply_naive is the twin; the fourth rung. Loops after Goto and van de Geijn 2008
#include "kernels/ops/cpu/gemm.h"

#include <algorithm>
#include <cstdint>

#include "kernels/ops/cpu/workspace.h"
#include "kernels/runtime/cpu/l2_cache.h"
#include "kernels/runtime/cpu/sized_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/gemm_packed.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/ops/cpu/gemm_pack-inl.h"
#include "kernels/ops/cpu/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu::HWY_NAMESPACE {

/// Columns of b that are packed at once, side by side in memory: 4 cache lines of each row, because
/// hardware prefetchers see no pattern in single ones.
template <class T>
constexpr std::int64_t kGroupWidth = 256 / sizeof(T);

/// Columns whose packed strips are kept where c has more than one block of rows: 3 MB of float for each
/// thread, in an L3 that has room for them.
constexpr std::int64_t kKeptColumns = 2048;

constexpr std::int64_t quotient_up(std::int64_t dividend, std::int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

/// `count` cut evenly into the fewest pieces of at most `most`, all multiples of `unit` but the last.
constexpr std::int64_t even_piece(std::int64_t count, std::int64_t most, std::int64_t unit) {
  const std::int64_t pieces = std::max<std::int64_t>(quotient_up(count, most), 1);
  return quotient_up(quotient_up(count, pieces), unit) * unit;
}

/// How a product is cut: depth of k, rows of a, columns of b.
struct Blocking {
  std::int64_t depth;
  std::int64_t rows;
  std::int64_t columns;
};

/// Terms that are summed in registers before c is written: a strip of b then takes three quarters of an L1
/// of 32 KB, or all of it with AVX-512, where its tile reads it a third as often. Sums are rounded where they
/// are cut, so that this is no matter of the machine's caches: they may differ from core to core.
constexpr std::int64_t kMostDepth = sizeof(float) * kLanes<float> <= 32 ? 384 : 256;

/// Cuts that keep a block of a in 11 sixteenths of the L2, beside the strips and c. Best among depths of
/// 256 to 512 and shares of a quarter to three quarters. With AVX-512 nothing was tried.
template <class T>
Blocking blocking(const Product<T>& p) {
  static const std::int64_t l2 = l2_cache_bytes();
  const std::int64_t depth = even_piece(p.k, kMostDepth, kPreparedRows);
  const std::int64_t tile_bytes = depth * kPackedRows * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t tiles = std::max<std::int64_t>(l2 * 11 / 16 / tile_bytes, 1);
  const std::int64_t rows = even_piece(p.m, tiles * kPackedRows, kPackedRows);
  return {depth, rows, rows >= p.m ? p.n : even_piece(p.n, kKeptColumns, kTileWidth<T>)};
}

/// Fetches the part of b that is packed next into the L2, some cache lines with each tile, so that
/// packing does not wait for memory: 5 % where b comes from there. Past the L1, which the tiles use.
class Prefetcher {
 public:
  Prefetcher() = default;

  /// `rows` rows of `columns` elements that are `stride` apart, within `steps` steps.
  template <class T>
  Prefetcher(const T* data, std::int64_t stride, std::int64_t rows, std::int64_t columns,
             std::int64_t steps)
      : row_(reinterpret_cast<const char*>(data)),
        stride_(stride * static_cast<std::int64_t>(sizeof(T))),
        rows_left_(rows),
        bytes_(columns * static_cast<std::int64_t>(sizeof(T))),
        lines_a_step_(quotient_up(rows * quotient_up(bytes_, kLine), steps)) {}

  void step() {
    for (std::int64_t i = 0; i < lines_a_step_ && rows_left_ > 0; ++i) {
      __builtin_prefetch(row_ + offset_, 0, 2);
      offset_ += kLine;
      if (offset_ < bytes_) continue;
      offset_ = 0;
      row_ += stride_;
      --rows_left_;
    }
  }

 private:
  static constexpr std::int64_t kLine = 64;

  const char* row_ = nullptr;
  std::int64_t stride_ = 0;
  std::int64_t rows_left_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t offset_ = 0;
  std::int64_t lines_a_step_ = 0;
};

/// A function of its own: inlined into this loop, g++ 12 keeps one of the sums in memory, which costs
/// 5 %. Register tiles of small products are inlined: a call takes 10 % of them.
template <int kRows, int kVectors, class T>
HWY_NOINLINE void multiply_packed_tile(PackedRows<T> a, const Strip<T>& strip,
                                       const Epilogue<T>& epilogue, Target<T> c) {
  multiply_tile<kRows, kVectors>(a, strip, epilogue, c);
}

/// c.rows <= kPackedRows rows: a third, two thirds or all of a tile.
template <int kVectors, class T>
HWY_INLINE void multiply_rows(PackedRows<T> a, const Strip<T>& strip, const Epilogue<T>& epilogue,
                              Target<T> c) {
  constexpr int kThird = kPackedRows / 3;
  if (c.rows > 2 * kThird) {
    multiply_packed_tile<kPackedRows, kVectors>(a, strip, epilogue, c);
  } else if (c.rows > kThird) {
    multiply_packed_tile<2 * kThird, kVectors>(a, strip, epilogue, c);
  } else {
    multiply_packed_tile<kThird, kVectors>(a, strip, epilogue, c);
  }
}

/// A block of a times one strip.
template <int kVectors, class T>
void multiply_strip(const PackedBlock<T>& a, std::int64_t rows, const Strip<T>& strip,
                    const Epilogue<T>& epilogue, T* c, std::int64_t ldc, Prefetcher& next) {
  for (std::int64_t i = 0; i < rows; i += kPackedRows) {
    next.step();
    multiply_rows<kVectors>(
        a.tile(i), strip, epilogue,
        Target<T>{c + i * ldc, ldc, std::min<std::int64_t>(kPackedRows, rows - i)});
  }
}

/// A block of a times a group of strips: the block of c, of `depth` terms from k on.
template <class T>
void multiply_group(const Product<T>& p, const PackedBlock<T>& a, const T* strips,
                    const Block& block, std::int64_t k, std::int64_t depth, Prefetcher next) {
  Epilogues<T> epilogues(p, k);
  for (std::int64_t j = 0; j < block.columns; j += kTileWidth<T>) {
    const std::int64_t columns = std::min(kTileWidth<T>, block.columns - j);
    const std::int64_t width = strip_width<T>(columns);
    const Strip<T> strip{strips + j * depth, width, depth, width, columns};
    const Epilogue<T> epilogue = epilogues.of_strip(block.column + j, columns);
    T* c = p.c + block.row * p.ldc + block.column + j;
    if (width == kTileWidth<T>) {
      multiply_strip<kTileVectors>(a, block.rows, strip, epilogue, c, p.ldc, next);
    } else {
      multiply_strip<1>(a, block.rows, strip, epilogue, c, p.ldc, next);
    }
  }
}

/// Computes c = ... for one product: the loops around the tiles.
template <class T>
class Blocks {
 public:
  explicit Blocks(const Product<T>& product)
      : p_(product),
        cut_(blocking(product)),
        memory_(workspace<T>(a_size() + b_size())),
        a_(product, cut_.depth, memory_) {}

  void multiply() {
    for (std::int64_t j = 0; j < p_.n; j += cut_.columns) {
      for (std::int64_t k = 0; k < p_.k; k += cut_.depth) {
        for (std::int64_t row = 0; row < p_.m; row += cut_.rows) multiply_rows_of(row, k, j);
      }
    }
  }

 private:
  /// Whether strips are packed for the first rows and kept for the others; otherwise a group's take the
  /// place of those before it.
  bool keeps_strips() const { return cut_.rows < p_.m; }

  std::int64_t a_size() const { return PackedBlock<T>::size(cut_.rows, cut_.depth); }
  std::int64_t b_size() const {
    const std::int64_t columns = keeps_strips() ? cut_.columns : kGroupWidth<T>;
    return quotient_up(columns, kTileWidth<T>) * kTileWidth<T> * cut_.depth;
  }

  /// One block of a beside one block of b's rows and columns.
  void multiply_rows_of(std::int64_t row, std::int64_t k, std::int64_t column) {
    const std::int64_t depth = std::min(cut_.depth, p_.k - k);
    const std::int64_t end = std::min(column + cut_.columns, p_.n);
    Block block{.row = row, .rows = std::min(cut_.rows, p_.m - row)};
    a_.pack(row, block.rows, k, depth);
    for (std::int64_t j = column; j < end; j += kGroupWidth<T>) {
      block.column = j;
      block.columns = std::min(kGroupWidth<T>, end - j);
      T* strips = memory_ + a_size() + (keeps_strips() ? (j - column) * depth : 0);
      Prefetcher next;
      if (row == 0) {
        p_.prepare_b({k, depth, block.column, block.columns});
        pack_strips(p_, k, depth, block.column, block.columns, strips);
        next = prefetcher(block, k, depth, end);
      }
      multiply_group(p_, a_, strips, block, k, depth, next);
      if (k + depth == p_.k) p_.finish_c(block);
    }
  }

  /// Of the columns of b behind those of a block of c, up to `end`.
  Prefetcher prefetcher(const Block& block, std::int64_t k, std::int64_t depth,
                        std::int64_t end) const {
    const std::int64_t column = block.column + block.columns;
    const std::int64_t columns = std::min(kGroupWidth<T>, end - column);
    if (columns <= 0) return {};
    const std::int64_t steps =
        quotient_up(block.rows, kPackedRows) * quotient_up(block.columns, kTileWidth<T>);
    if (p_.transpose_b) return {p_.b + column * p_.ldb + k, p_.ldb, columns, depth, steps};
    return {p_.b + k * p_.ldb + column, p_.ldb, depth, columns, steps};
  }

  const Product<T>& p_;
  Blocking cut_;
  T* memory_;
  PackedBlock<T> a_;
};

void multiply_blocks_float(const Product<float>& p) {
  Blocks<float>(p).multiply();
}
void multiply_blocks_double(const Product<double>& p) {
  Blocks<double>(p).multiply();
}

}  // namespace gradvitals::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(multiply_blocks_float);
HWY_EXPORT(multiply_blocks_double);

void multiply_packed(const Product<float>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_blocks_float)(product);
}

void multiply_packed(const Product<double>& product) {
  HWY_DYNAMIC_DISPATCH(multiply_blocks_double)(product);
}

}  // namespace gradvitals::cpu
#endif
