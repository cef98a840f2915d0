// The door to device `cuda` for code that knows nothing of CUDA. Launches nothing.
#include "kernels/cuda/backend.h"

namespace gradvitals {

std::shared_ptr<Backend> make_cuda_backend() {
  return cuda::make_backend(DeviceType::kCuda);
}

}  // namespace gradvitals
