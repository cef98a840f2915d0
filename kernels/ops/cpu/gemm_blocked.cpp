// Computes:    c = alpha * op(a) op(b) + beta * c + bias
// Shapes:      op(a) (M,K), op(b) (K,N), c (M,N), bias (N)
// DTypes:      float or double throughout
// Launch:      the calling thread
// Traffic:     a block of b stays in the L2 for all rows of c; the row of c that it adds to is read and
//              written for every k -> bound by the L1
// Determinism: one chain with k ascending, begun by beta * c + bias
// Edge cases:  any m, n, k > 0
// Errors:      none; arguments were checked
// Reference:   multiply_naive is the twin; the second rung: the same loops in another order, over blocks
#include <algorithm>
#include <cstdint>

#include "kernels/ops/cpu/gemm.h"

namespace gradvitals::cpu {
namespace {

/// A block of b: 64 rows of 1 KB of float are 64 KB, and the row of c beside it is 1 KB of the L1.
constexpr std::int64_t kDepth = 64;
constexpr std::int64_t kColumns = 256;

/// Adds scale * b to c: `count` elements, of which those of b are `stride` apart. The loop over
/// neighbours in memory is the one that compilers make vectors of.
template <class T>
void add_row(T scale, const T* b, std::int64_t stride, T* c, std::int64_t count) {
  if (stride == 1) {
    for (std::int64_t j = 0; j < count; ++j) c[j] += scale * b[j];
  } else {
    for (std::int64_t j = 0; j < count; ++j) c[j] += scale * b[j * stride];
  }
}

template <class T>
void add_block(const Product<T>& p, std::int64_t k_begin, std::int64_t j) {
  const std::int64_t k_end = std::min(p.k, k_begin + kDepth);
  const std::int64_t columns = std::min(kColumns, p.n - j);
  const std::int64_t stride = p.transpose_b ? p.ldb : 1;
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t k = k_begin; k < k_end; ++k) {
      const T a = p.transpose_a ? p.a[k * p.lda + i] : p.a[i * p.lda + k];
      const T* b = p.transpose_b ? p.b + j * p.ldb + k : p.b + k * p.ldb + j;
      add_row(p.alpha * a, b, stride, p.c + i * p.ldc + j, columns);
    }
  }
}

template <class T>
void compute(const Product<T>& p) {
  scale(p);
  for (std::int64_t j = 0; j < p.n; j += kColumns) {
    for (std::int64_t k = 0; k < p.k; k += kDepth) add_block(p, k, j);
  }
}

}  // namespace

void multiply_blocked(const Product<float>& product) {
  compute(product);
}

void multiply_blocked(const Product<double>& product) {
  compute(product);
}

}  // namespace gradvitals::cpu
