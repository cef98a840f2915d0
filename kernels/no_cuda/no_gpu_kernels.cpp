// Devices `cuda` and `sim` of a build without the CUDA kernels.
#include "kernels/backend.h"
#include "kernels/error.h"

namespace gradvitals {

bool has_gpu_kernels() {
  return false;
}

std::shared_ptr<Backend> make_cuda_backend() {
  throw DeviceError("device cuda cannot be used: built without the CUDA kernels");
}

std::shared_ptr<Backend> make_sim_backend() {
  throw DeviceError("device sim cannot be used: built without the CUDA kernels");
}

}  // namespace gradvitals
