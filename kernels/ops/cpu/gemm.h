// Matrix products of the cpu device, for the ops of this folder that are made of them.
#pragma once

#include <cstdint>

#include "kernels/runtime/cpu/thread_pool.h"

namespace gradvitals::cpu {

/// c (M,N) = alpha * op(a) op(b) + beta * c + bias, row-major with leading dimensions, so that a
/// block of a product is a product. With beta 0, c is not read; with alpha 0, a and b are not.
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

  /// The product's rows [begin, end).
  Product rows(std::int64_t begin, std::int64_t end) const;
  /// The product's columns [begin, end).
  Product columns(std::int64_t begin, std::int64_t end) const;
};

/// Computes the product by the algorithm that suits its shape, on the calling thread.
template <class T>
void multiply(const Product<T>& product);

/// As above, split over the pool where the product is large.
template <class T>
void multiply(ThreadPool& pool, const Product<T>& product);

/// Tiles of c held in registers, b read in place or packed panel by panel. Each element of c is one
/// chain of multiply-adds over k (cut every 256; fused where the CPU can), wherever its tile
/// stands. k > 0.
void multiply_register_tiled(const Product<float>& product);
void multiply_register_tiled(const Product<double>& product);

/// OpenBLAS, on the calling thread. m, n and k > 0.
void multiply_openblas(const Product<float>& product);
void multiply_openblas(const Product<double>& product);

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
