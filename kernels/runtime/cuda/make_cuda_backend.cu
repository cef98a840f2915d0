// The door to device `cuda` for code that includes no header of CUDA.
#include "kernels/runtime/cuda/backend.h"

namespace gradvitals {

std::shared_ptr<Backend> make_cuda_backend() {
  return std::make_shared<cuda::GpuBackend>();
}

}  // namespace gradvitals
