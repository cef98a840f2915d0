// Matrix products of the cpu device, for the ops of this folder that are made of them.
#pragma once

#include <cstdint>

#include "kernels/ops/cpu/block_task.h"
#include "kernels/runtime/cpu/thread_pool.h"

namespace gradvitals::cpu {

/// c (M,N) = alpha * op(a) op(b) + beta * c + bias, row-major with leading dimensions at least as large
/// as rows are long, so that a block of a product is a product. c overlaps no other operand. With beta 0,
/// c is not read; with alpha 0, a and b are not.
template <class T>
struct Product {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  const T* a = nullptr;  ///< (M,K), or (K,M) with transpose_a
  std::int64_t lda = 0;
  bool transpose_a = false;
  const T* b = nullptr;  ///< (K,N), or (N,K) with transpose_b
  std::int64_t ldb = 0;
  bool transpose_b = false;
  T* c = nullptr;
  std::int64_t ldc = 0;
  T alpha = 1;
  T beta = 0;
  const T* bias = nullptr;  ///< (N), added to every row, or null

  // Work on blocks while they are in the cache, called from several threads at once. A task calls no
  // product: it runs while its thread's workspace is in use.

  /// Makes a block of op(b) (K,N) before it is read: every element once, the rows of a column in ascending
  /// order and on one thread, in blocks that start at multiples of kPreparedRows. Empty unless
  /// prepares_b().
  BlockTask prepare_b = {};
  /// Has a block of c once its elements are final, every element once.
  BlockTask finish_c = {};

  /// The product's rows [begin, end).
  Product rows(std::int64_t begin, std::int64_t end) const;
  /// The product's columns [begin, end).
  Product columns(std::int64_t begin, std::int64_t end) const;
};

/// Rows that prepare_b may sum together (column_sums.h) without the sums depending on the blocks.
constexpr std::int64_t kPreparedRows = 4;

/// Computes the product by the algorithm that suits its shape, split over the pool where it is large. The
/// bits of c do not depend on the number of threads. Throws std::bad_alloc, and what a task throws.
template <class T>
void multiply(ThreadPool& pool, const Product<T>& product);

/// Whether multiply() takes a prepare_b for a product of this shape: where it packs b once.
template <class T>
bool prepares_b(const ThreadPool& pool, const Product<T>& product);

/// c = beta * c + bias: a product without a term.
template <class T>
void scale(const Product<T>& product);

// The ladder: the same product by four algorithms, each faster than the one before where matrices are
// large. On the calling thread; m, n and k > 0. The first three leave the tasks to their caller.

/// Three loops.
void multiply_naive(const Product<float>& product);
void multiply_naive(const Product<double>& product);

/// Blocks of b that stay in the cache.
void multiply_blocked(const Product<float>& product);
void multiply_blocked(const Product<double>& product);

/// Tiles of c held in registers, b read in place or packed strip by strip. Each element of c is one
/// chain of multiply-adds over k (cut every 256; fused where the CPU can), wherever its tile
/// stands.
void multiply_register_tiled(const Product<float>& product);
void multiply_register_tiled(const Product<double>& product);

/// Register tiles of blocks that are packed for the caches. An element is a chain as above, cut evenly. Calls
/// the tasks.
void multiply_packed(const Product<float>& product);
void multiply_packed(const Product<double>& product);

/// A product with one column or one row, as dot products of contiguous rows:
/// out[i] = alpha * dot(matrix row i, vector) + beta * out[i] + bias[i].
template <class T>
struct Dots {
  std::int64_t rows = 0;
  std::int64_t k = 0;
  const T* matrix = nullptr;  ///< (rows,K)
  std::int64_t row_stride = 0;
  const T* vector = nullptr;  ///< (K)
  T* out = nullptr;           ///< (rows)
  std::int64_t out_stride = 0;
  T alpha = 1;
  T beta = 0;
  const T* bias = nullptr;  ///< (rows), (1) with bias_stride 0, or null
  std::int64_t bias_stride = 0;
};

void multiply_dots(const Dots<float>& dots);
void multiply_dots(const Dots<double>& dots);

}  // namespace gradvitals::cpu
