// The CUDA side of a build without nvcc.
#include "kernels/device.h"

namespace gradvitals {

CudaProbe probe_cuda() {
  return {.reason = "built without CUDA"};
}

}  // namespace gradvitals
