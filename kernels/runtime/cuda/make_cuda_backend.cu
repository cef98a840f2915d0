// The door to device `cuda` for code that includes no header of CUDA.
#include "kernels/runtime/cuda/backend.h"

namespace gradvitals {

std::shared_ptr<Backend> make_cuda_backend(int index, std::optional<void*> native) {
  if (!native) return std::make_shared<cuda::GpuBackend>(index);
  return std::make_shared<cuda::GpuBackend>(index, static_cast<cudaStream_t>(*native));
}

}  // namespace gradvitals
