// The CUDA side of a build without nvcc. CMake says why it is one.
#include "kernels/runtime/device.h"

namespace gradvitals {

CudaProbe probe_cuda() {
  CudaProbe probe;
  probe.reason = "built without CUDA: " GRADVITALS_NO_CUDA_REASON;
  return probe;
}

}  // namespace gradvitals
