// Computes:    none: the door to device `cuda` for code that knows nothing of CUDA
// Shapes:      none
// DTypes:      none
// Launch:      none
// Traffic:     none
// Determinism: none
// Edge cases:  none
// Errors:      CudaError where the GPU gives no queue or memory; DeviceError where cuBLAS is asked
//              for and cannot be used
// Reference:   sim/make_sim_backend.cpp, no_cuda/make_cuda_backend.cpp
#include "kernels/cuda/backend.h"
#include "kernels/cuda/cublas_gemm.h"

namespace gradvitals {

std::shared_ptr<Backend> make_cuda_backend(GemmProvider gemm) {
  auto backend = cuda::make_backend(DeviceType::kCuda);
  if (gemm == GemmProvider::kCublas) {
    backend->set_gemm_library(cuda::make_cublas_gemm(backend->queue()));
  }
  return backend;
}

}  // namespace gradvitals
