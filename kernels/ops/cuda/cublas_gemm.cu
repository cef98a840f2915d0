// Computes:    c = alpha * op(a) op(b) + beta * c, by cuBLAS
// Shapes:      op(a) (M,K), op(b) (K,N), c (M,N)
// DTypes:      float32
// Launch:      cuBLAS's own; no sync
// Traffic:     cuBLAS's own
// Determinism: cublas.cu; other bits than the hand-written algorithms'
// Edge cases:  K = 0 leaves beta * c; with beta 0, c is not read
// Errors:      CudaError where the call fails; DeviceError where cuBLAS cannot be used
// Reference:   gemm_warp_tiled.cu
#include <algorithm>
#include <cstdint>
#include <memory>

#include "kernels/ops/cuda/cublas.h"
#include "kernels/ops/cuda/gemm.h"
#include "kernels/ops/gemm.h"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cuda {
namespace {

cublasOperation_t operation(bool transpose) {
  return transpose ? CUBLAS_OP_T : CUBLAS_OP_N;
}

/// The length of a stored row. cuBLAS refuses 0, which K may be.
std::int64_t stride(std::int64_t row_length) {
  return std::max<std::int64_t>(row_length, 1);
}

class CublasGemm final : public GemmLibrary {
 public:
  explicit CublasGemm(gpu::Queue queue) : cublas_(queue, CUBLAS_POINTER_MODE_HOST) {}

  /// What is row-major here is the transpose in cuBLAS's eyes: c^T = op(b)^T op(a)^T.
  void multiply(const Product& p) override {
    const CublasLibrary& library = CublasLibrary::get();
    library.check(
        library.sgemm(cublas_.handle(), operation(p.transpose_b), operation(p.transpose_a), p.n,
                      p.m, p.k, &p.alpha, p.b, stride(p.transpose_b ? p.k : p.n), p.a,
                      stride(p.transpose_a ? p.m : p.k), &p.beta, p.c, stride(p.n)),
        "cublasSgemm");
  }

 private:
  Cublas cublas_;
};

void set_gemm_provider(GpuBackend& backend, const SetGemmProvider& op) {
  std::unique_ptr<GemmLibrary>& library = backend.state<GemmProviderState>().library;
  if (op.provider == GemmProvider::kHandWritten) {
    library.reset();
  } else if (library == nullptr) {
    library = std::make_unique<CublasGemm>(backend.queue());
  }
}

const KernelsOf<set_gemm_provider> registered;

}  // namespace
}  // namespace gradvitals::cuda
