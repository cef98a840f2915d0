// Computes:    none: the door to device `cuda` for code that knows nothing of CUDA
// Shapes:      none
// DTypes:      none
// Launch:      none
// Traffic:     none
// Determinism: none
// Edge cases:  none
// Errors:      CudaError where the GPU gives no queue or memory
// Reference:   sim/make_sim_backend.cpp, no_cuda/make_cuda_backend.cpp
#include "kernels/cuda/backend.h"

namespace gradvitals {

std::shared_ptr<Backend> make_cuda_backend() {
  return cuda::make_backend(DeviceType::kCuda);
}

}  // namespace gradvitals
