// Computes:    c = alpha * op(a) op(b) + beta * c, by the algorithm that suits the shape or by the
//              queue's library
// Shapes:      kernels/ops/gemm.h; any of M, N, K may be 0
// DTypes:      float32
// Launch:      that of the algorithm chosen
// Traffic:     that of the algorithm chosen
// Determinism: all algorithms give the same bits, so that the choice may look at the GPU; a library
//              gives its own
// Edge cases:  c empty launches nothing; alpha 0 reads neither a nor b
// Errors:      none beyond the algorithms'; kernels/ops/gemm.cpp has checked the arguments
// Reference:   cpu/gemm.cpp
#include "kernels/ops/gemm.h"

#include <cstdint>

#include "kernels/ops/cuda/gemm.h"
#include "kernels/ops/cuda/gemm_ladder.h"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

// Along a side shorter than this most of a tile would be padding.
constexpr std::int64_t kThinSide = 8;

std::int64_t tiles(const Product& p, std::int64_t side) {
  return (p.m + side - 1) / side * ((p.n + side - 1) / side);
}

Product product_of(const Gemm<float>& op) {
  return {.m = op.c.rows,
          .n = op.c.cols,
          // Without alpha neither factor is read.
          .k = op.alpha == 0.0f ? 0 : (op.transpose_a ? op.a.rows : op.a.cols),
          .a = op.a.data,
          .transpose_a = op.transpose_a,
          .b = op.b.data,
          .transpose_b = op.transpose_b,
          .c = op.c.data,
          .alpha = op.alpha,
          .beta = op.beta};
}

void gemm_by_algorithm(GemmAlgorithm algorithm, gpu::Queue queue, const Product& p) {
  switch (algorithm) {
    case GemmAlgorithm::kNaive:
      return gemm_naive(queue, p);
    case GemmAlgorithm::kCoalesced:
      return gemm_coalesced(queue, p);
    case GemmAlgorithm::kSharedTiled:
      return gemm_shared_tiled(queue, p);
    case GemmAlgorithm::kRegisterTiled:
      return gemm_register_tiled(queue, p);
    case GemmAlgorithm::kWarpTiled:
      return gemm_warp_tiled(queue, p);
  }
}

GemmAlgorithm algorithm_for(const Product& p) {
  if (p.n < kThinSide) return GemmAlgorithm::kNaive;
  if (p.m < kThinSide) return GemmAlgorithm::kCoalesced;
  // The largest tile that still keeps two of five multiprocessors busy: on an H200, 64 tiles of 128
  // are faster than 256 of 64, and 64 of these than 256 of 32, but 16 are not (benchmarks/gemm).
  const auto keeps_busy = [least = 0.4 * gpu::multiprocessor_count()](std::int64_t count) {
    return static_cast<double>(count) >= least;
  };
  if (keeps_busy(tiles(p, 128))) return GemmAlgorithm::kWarpTiled;
  if (keeps_busy(tiles(p, 64))) return GemmAlgorithm::kRegisterTiled;
  return GemmAlgorithm::kSharedTiled;
}

void gemm(GpuBackend& backend, const Gemm<float>& op) {
  multiply(backend, product_of(op));
}

void gemm_by(GpuBackend& backend, const GemmByAlgorithm& op) {
  const Product p = product_of(op.gemm);
  if (p.m == 0 || p.n == 0) return;
  gemm_by_algorithm(op.algorithm, backend.queue(), p);
}

const KernelsOf<gemm, gemm_by> registered;

}  // namespace

void multiply(GpuBackend& backend, const Product& p) {
  if (p.m == 0 || p.n == 0) return;
  GemmLibrary* const library = backend.state<GemmProviderState>().library.get();
  if (library == nullptr) return gemm_by_algorithm(algorithm_for(p), backend.queue(), p);
  library->multiply(p);
  gemm_epilogue(backend.queue(), p);
}

}  // namespace gradvitals::GPU_NAMESPACE
