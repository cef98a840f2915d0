// OpenBLAS as one algorithm among ours: single-threaded, called from our pool.
#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "kernels/ops/cpu/gemm.h"
#include "kernels/ops/gemm.h"

namespace gradvitals::cpu {
namespace {

/// Debian's alternatives may load the flavour with a pool of its own, whatever was linked.
void keep_single_threaded() {
  static const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

blasint blas_size(std::int64_t size) {
  if (size > std::numeric_limits<blasint>::max()) {
    throw std::invalid_argument(fmt::format("gemm: a dimension of {} is too large for BLAS", size));
  }
  return static_cast<blasint>(size);
}

CBLAS_TRANSPOSE blas_transpose(bool transpose) {
  return transpose ? CblasTrans : CblasNoTrans;
}

/// OpenBLAS knows no bias: it is put into c and added by beta.
template <class T>
T add_bias(const Product<T>& p) {
  if (p.bias == nullptr) return p.beta;
  for (std::int64_t i = 0; i < p.m; ++i) {
    T* row = p.c + i * p.ldc;
    for (std::int64_t j = 0; j < p.n; ++j) {
      row[j] = p.beta == T{0} ? p.bias[j] : p.beta * row[j] + p.bias[j];
    }
  }
  return T{1};
}

template <class T, class BlasGemm>
void call(BlasGemm blas_gemm, const Product<T>& p) {
  keep_single_threaded();
  const T beta = add_bias(p);
  blas_gemm(CblasRowMajor, blas_transpose(p.transpose_a), blas_transpose(p.transpose_b),
            blas_size(p.m), blas_size(p.n), blas_size(p.k), p.alpha, p.a, blas_size(p.lda), p.b,
            blas_size(p.ldb), beta, p.c, blas_size(p.ldc));
}

}  // namespace

void multiply_openblas(const Product<float>& product) {
  call(cblas_sgemm, product);
}
void multiply_openblas(const Product<double>& product) {
  call(cblas_dgemm, product);
}

}  // namespace gradvitals::cpu

namespace gradvitals {

std::string cpu_blas_name() {
  // "OpenBLAS 0.3.21" of "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...".
  const std::string config = openblas_get_config();
  const std::size_t name_end = config.find(' ');
  const std::size_t version_end = config.find(' ', name_end + 1);
  return config.substr(0, version_end) + " (" + openblas_get_corename() + ")";
}

}  // namespace gradvitals
