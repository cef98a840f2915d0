// Device `cuda` of a build without nvcc.
#include "kernels/backend.h"
#include "kernels/error.h"

namespace gradvitals {

std::shared_ptr<Backend> make_cuda_backend(GemmProvider) {
  throw DeviceError("device cuda cannot be used: built without CUDA");
}

}  // namespace gradvitals
