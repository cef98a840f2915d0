// Copies of parts of a and b in the order in which tiles read them, compiled once per instruction set.

// Highway's idiom for headers that each target includes anew.
#if defined(GRADVITALS_CPU_GEMM_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADVITALS_CPU_GEMM_PACK_INL_H_
#undef GRADVITALS_CPU_GEMM_PACK_INL_H_
#else
#define GRADVITALS_CPU_GEMM_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "kernels/ops/cpu/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // Has no vectors to interleave.

template <class T>
constexpr std::int64_t kBlock = 1;

template <class T>
HWY_INLINE void transpose_block(const T* b, std::int64_t, T* strip, std::int64_t) {
  *strip = *b;
}

#else

/// A square block as wide as a 128-bit vector: 4 x 4 floats or 2 x 2 doubles.
template <class T>
constexpr std::int64_t kBlock = 16 / sizeof(T);

template <class T>
HWY_INLINE void transpose_block(const T* b, std::int64_t ldb, T* strip, std::int64_t width) {
  const hn::Full128<T> d;
  const auto row = [&](int r) HWY_ATTR { return hn::LoadU(d, b + r * ldb); };
  if constexpr (sizeof(T) == 4) {
    const auto low02 = hn::InterleaveLower(d, row(0), row(2));
    const auto low13 = hn::InterleaveLower(d, row(1), row(3));
    const auto high02 = hn::InterleaveUpper(d, row(0), row(2));
    const auto high13 = hn::InterleaveUpper(d, row(1), row(3));
    hn::StoreU(hn::InterleaveLower(d, low02, low13), d, strip);
    hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, strip + width);
    hn::StoreU(hn::InterleaveLower(d, high02, high13), d, strip + 2 * width);
    hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, strip + 3 * width);
  } else {
    hn::StoreU(hn::InterleaveLower(d, row(0), row(1)), d, strip);
    hn::StoreU(hn::InterleaveUpper(d, row(0), row(1)), d, strip + width);
  }
}

#endif

/// Copies a (depth, columns) block of b to a strip of `width` columns, the rest of them zero.
template <class T>
void pack_strip(const T* b, std::int64_t ldb, std::int64_t depth, std::int64_t columns,
                std::int64_t width, T* strip) {
  for (std::int64_t k = 0; k < depth; ++k) {
    T* row = strip + k * width;
    std::copy_n(b + k * ldb, columns, row);
    std::fill(row + columns, row + width, T{0});
  }
}

/// As pack_strip(), from b stored transposed: a (columns, depth) block.
template <class T>
void pack_transposed_strip(const T* b, std::int64_t ldb, std::int64_t depth, std::int64_t columns,
                           std::int64_t width, T* strip) {
  const std::int64_t block_columns = columns - columns % kBlock<T>;
  const std::int64_t block_depth = depth - depth % kBlock<T>;
  // Few rows of b at a time: more of them, a power of two apart, do not fit the sets of an L1.
  for (std::int64_t j = 0; j < block_columns; j += kBlock<T>) {
    for (std::int64_t k = 0; k < block_depth; k += kBlock<T>) {
      transpose_block(b + j * ldb + k, ldb, strip + k * width + j, width);
    }
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    T* row = strip + k * width;
    for (std::int64_t j = k < block_depth ? block_columns : 0; j < columns; ++j) {
      row[j] = b[j * ldb + k];
    }
    std::fill(row + columns, row + width, T{0});
  }
}

/// Rows of a packed tile: 6 on the 16 registers of AVX2 and narrower targets, 12 on the 32 of AVX-512.
constexpr int kPackedRows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;

/// A packed tile of a: element (i, k) is data[i + k * kPackedRows]. Strides that the compiler knows are
/// worth 5 % of large products.
template <class T>
struct PackedRows {
  const T* data;

  HWY_INLINE T of_row(int row) const { return data[row]; }
  HWY_INLINE void advance() { data += kPackedRows; }
};

#if HWY_TARGET == HWY_SCALAR

/// Columns [k, k + kBlock) of kPackedRows rows of a, to the same of a packed tile.
template <class T>
HWY_INLINE void pack_columns_of_rows(const T* a, std::int64_t lda, T* tile) {
  for (int i = 0; i < kPackedRows; ++i) tile[i] = a[i * lda];
}

/// Copies kPackedRows elements.
template <class T>
HWY_INLINE void copy_column(const T* from, T* to) {
  std::copy_n(from, kPackedRows, to);
}

#else

template <class T>
HWY_INLINE void pack_columns_of_rows(const T* a, std::int64_t lda, T* tile) {
  constexpr int kWhole = kPackedRows / kBlock<T> * kBlock<T>;
  GRADVITALS_UNROLL
  for (int i = 0; i < kWhole; i += kBlock<T>)
    transpose_block(a + i * lda, lda, tile + i, kPackedRows);
  if constexpr (kWhole < kPackedRows) {  // Two rows of float.
    const hn::Full128<T> d;
    const hn::Full64<T> half;
    const auto first = hn::LoadU(d, a + kWhole * lda);
    const auto second = hn::LoadU(d, a + (kWhole + 1) * lda);
    const auto low = hn::InterleaveLower(d, first, second);
    const auto high = hn::InterleaveUpper(d, first, second);
    T* out = tile + kWhole;
    hn::StoreU(hn::LowerHalf(half, low), half, out);
    hn::StoreU(hn::UpperHalf(half, low), half, out + kPackedRows);
    hn::StoreU(hn::LowerHalf(half, high), half, out + 2 * kPackedRows);
    hn::StoreU(hn::UpperHalf(half, high), half, out + 3 * kPackedRows);
  }
}

template <class T>
HWY_INLINE void copy_column(const T* from, T* to) {
  constexpr int kWhole = kPackedRows / kBlock<T> * kBlock<T>;
  const hn::Full128<T> d;
  GRADVITALS_UNROLL
  for (int i = 0; i < kWhole; i += kBlock<T>) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  if constexpr (kWhole < kPackedRows) {
    const hn::Full64<T> half;
    hn::StoreU(hn::LoadU(half, from + kWhole), half, to + kWhole);
  }
}

#endif

/// A block of op(a), packed to tiles one behind the other; the last is filled up with rows of zeros.
template <class T>
class PackedBlock {
 public:
  /// For blocks of at most `depth` columns.
  PackedBlock(const Product<T>& product, std::int64_t depth, T* memory)
      : product_(product), tile_stride_(tile_stride(depth)), memory_(memory) {}

  /// Elements of memory that a block takes.
  static std::int64_t size(std::int64_t rows, std::int64_t depth) {
    return (rows + kPackedRows - 1) / kPackedRows * tile_stride(depth);
  }

  /// Rows [row, row + rows) and columns [k, k + depth) of op(a).
  void pack(std::int64_t row, std::int64_t rows, std::int64_t k, std::int64_t depth) {
    const bool transposed = product_.transpose_a;
    const std::int64_t lda = product_.lda;
    const std::int64_t whole = rows - rows % kPackedRows;
    const T* a = product_.a + (transposed ? k * lda + row : row * lda + k);
    if (transposed) {
      pack_transposed(a, whole, depth);
    } else {
      pack_rows(a, whole, depth);
    }
    if (whole < rows) {
      pack_last(a + whole * (transposed ? 1 : lda), rows - whole, depth, tile_memory(whole));
    }
  }

  /// The tile that begins at a row of the block.
  PackedRows<T> tile(std::int64_t row) const { return {tile_memory(row)}; }

 private:
  /// A cache line more than the tile: columns are copied to all tiles in turn, which a power of two apart
  /// would fall into few sets of the L1.
  static constexpr std::int64_t tile_stride(std::int64_t depth) {
    constexpr std::int64_t kLine = 64 / sizeof(T);
    return (depth * kPackedRows + kLine - 1) / kLine * kLine + kLine;
  }

  T* tile_memory(std::int64_t row) const { return memory_ + row / kPackedRows * tile_stride_; }

  void pack_rows(const T* a, std::int64_t rows, std::int64_t depth) {
    const std::int64_t lda = product_.lda;
    const std::int64_t whole = depth - depth % kBlock<T>;
    for (std::int64_t i = 0; i < rows; i += kPackedRows) {
      T* tile = tile_memory(i);
      for (std::int64_t k = 0; k < whole; k += kBlock<T>) {
        pack_columns_of_rows(a + i * lda + k, lda, tile + k * kPackedRows);
      }
      for (std::int64_t k = whole; k < depth; ++k) {
        for (int r = 0; r < kPackedRows; ++r) tile[k * kPackedRows + r] = a[(i + r) * lda + k];
      }
    }
  }

  void pack_transposed(const T* a, std::int64_t rows, std::int64_t depth) {
    for (std::int64_t k = 0; k < depth; ++k) {
      for (std::int64_t i = 0; i < rows; i += kPackedRows) {
        copy_column(a + k * product_.lda + i, tile_memory(i) + k * kPackedRows);
      }
    }
  }

  /// A tile of which op(a) has the first rows.
  void pack_last(const T* a, std::int64_t rows, std::int64_t depth, T* tile) {
    const std::int64_t row_stride = product_.transpose_a ? 1 : product_.lda;
    const std::int64_t depth_stride = product_.transpose_a ? product_.lda : 1;
    for (std::int64_t k = 0; k < depth; ++k) {
      T* column = tile + k * kPackedRows;
      for (std::int64_t i = 0; i < rows; ++i) column[i] = a[i * row_stride + k * depth_stride];
      std::fill(column + rows, column + kPackedRows, T{0});
    }
  }

  const Product<T>& product_;
  std::int64_t tile_stride_;
  T* memory_;
};

/// Packs columns [column, column + columns) and rows [k, k + depth) of op(b) to strips one behind the
/// other.
template <class T>
void pack_strips(const Product<T>& p, std::int64_t k, std::int64_t depth, std::int64_t column,
                 std::int64_t columns, T* strips) {
  if (p.transpose_b) {
    for (std::int64_t j = 0; j < columns; j += kTileWidth<T>) {
      const std::int64_t count = std::min(kTileWidth<T>, columns - j);
      pack_transposed_strip(p.b + (column + j) * p.ldb + k, p.ldb, depth, count,
                            strip_width<T>(count), strips + j * depth);
    }
    return;
  }
  const Tag<T> d;
  const T* b = p.b + k * p.ldb + column;
  const std::int64_t whole = columns - columns % kTileWidth<T>;
  for (std::int64_t i = 0; i < depth; ++i) {
    for (std::int64_t j = 0; j < whole; j += kTileWidth<T>) {
      const T* from = b + i * p.ldb + j;
      T* to = strips + j * depth + i * kTileWidth<T>;
      GRADVITALS_UNROLL
      for (int v = 0; v < kTileVectors; ++v) {
        hn::StoreU(hn::LoadU(d, from + v * kLanes<T>), d, to + v * kLanes<T>);
      }
    }
  }
  if (whole == columns) return;
  pack_strip(b + whole, p.ldb, depth, columns - whole, strip_width<T>(columns - whole),
             strips + whole * depth);
}

}  // namespace gradvitals::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
