// Computes:    c = alpha * op(a) op(b) + beta * c + bias
// Shapes:      op(a) (M,K), op(b) (K,N), c (M,N), bias (N)
// DTypes:      float or double throughout
// Launch:      the calling thread
// Traffic:     a row of op(a) and a column of op(b) for each element of c -> bound by loads, and by the
//              latency of one chain of additions
// Determinism: one chain with k ascending; the compiler decides whether it fuses multiply and add
// Edge cases:  any m, n, k > 0
// Errors:      none; arguments were checked
// Reference:   the formula; the first rung: the loops one writes
#include <cstdint>

#include "kernels/ops/cpu/gemm.h"

namespace gradvitals::cpu {
namespace {

template <class T>
void compute(const Product<T>& p) {
  const auto a = [&](std::int64_t i, std::int64_t k) {
    return p.transpose_a ? p.a[k * p.lda + i] : p.a[i * p.lda + k];
  };
  const auto b = [&](std::int64_t k, std::int64_t j) {
    return p.transpose_b ? p.b[j * p.ldb + k] : p.b[k * p.ldb + j];
  };
  for (std::int64_t i = 0; i < p.m; ++i) {
    for (std::int64_t j = 0; j < p.n; ++j) {
      T sum = 0;
      for (std::int64_t k = 0; k < p.k; ++k) sum += a(i, k) * b(k, j);
      T& out = p.c[i * p.ldc + j];
      const T rest = p.beta == T{0} ? T{0} : p.beta * out;
      out = p.alpha * sum + rest + (p.bias ? p.bias[j] : T{0});
    }
  }
}

}  // namespace

void multiply_naive(const Product<float>& product) {
  compute(product);
}

void multiply_naive(const Product<double>& product) {
  compute(product);
}

}  // namespace gradvitals::cpu
