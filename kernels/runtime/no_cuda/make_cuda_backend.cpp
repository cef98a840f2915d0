// Device `cuda` of a build without nvcc.
#include "kernels/runtime/backend.h"
#include "kernels/runtime/error.h"

namespace gradvitals {

std::shared_ptr<Backend> make_cuda_backend(int, std::optional<void*>) {
  throw DeviceError("device cuda cannot be used: built without CUDA");
}

}  // namespace gradvitals
