// The CUDA side of a build without nvcc, for the reason that CMake found.
#include "kernels/runtime/device.h"

namespace gradvitals {

CudaProbe probe_cuda() {
  CudaProbe probe;
  probe.reason = "built without CUDA: " GRADVITALS_NO_CUDA_REASON;
  return probe;
}

}  // namespace gradvitals
