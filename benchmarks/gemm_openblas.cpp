#include <cblas.h>

#include <string>

#include "benchmarks/gemm_peers.h"

namespace gradvitals {
namespace {

/// "OpenBLAS 0.3.21" of "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...", and the CPU it took this one
/// for.
std::string openblas_described() {
  const std::string config = openblas_get_config();
  const std::size_t name_end = config.find(' ');
  const std::size_t version_end = config.find(' ', name_end + 1);
  return config.substr(0, version_end) + " (" + openblas_get_corename() + ")";
}

CBLAS_TRANSPOSE transposed(bool transpose) {
  return transpose ? CblasTrans : CblasNoTrans;
}

std::function<void()> openblas_prepare(const cpu::Product<float>& p) {
  return [p] {
    const auto size = [](std::int64_t value) { return static_cast<blasint>(value); };
    cblas_sgemm(CblasRowMajor, transposed(p.transpose_a), transposed(p.transpose_b), size(p.m),
                size(p.n), size(p.k), p.alpha, p.a, size(p.lda), p.b, size(p.ldb), p.beta, p.c,
                size(p.ldc));
  };
}

}  // namespace

const GemmPeer* openblas_gemm() {
  static const GemmPeer peer = {
      .name = "openblas",
      .described = openblas_described(),
      .has_threads = openblas_get_parallel() != OPENBLAS_SEQUENTIAL,
      .set_threads = openblas_set_num_threads,
      .prepare = openblas_prepare,
  };
  return &peer;
}

}  // namespace gradvitals
