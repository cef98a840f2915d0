// Computes:    c = alpha * op(a) op(b) + beta * c, by cuBLAS
// Shapes:      op(a) (M,K), op(b) (K,N), c (M,N)
// DTypes:      float32
// Launch:      cuBLAS's own; no sync
// Traffic:     cuBLAS's own
// Determinism: cublas.cu; other bits than the hand-written algorithms'
// Edge cases:  K = 0 leaves beta * c; with beta 0, c is not read
// Errors:      CudaError where the call fails
// Reference:   gemm_warp_tiled.cu
#include "kernels/cuda/cublas_gemm.h"

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/cublas.h"

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

}  // namespace

std::unique_ptr<GemmLibrary> make_cublas_gemm(gpu::Queue queue) {
  return std::make_unique<CublasGemm>(queue);
}

}  // namespace gradvitals::cuda
