// The CUDA side of a build without nvcc.
#include "kernels/device.h"

namespace gradvitals {

CudaProbe probe_cuda() {
  CudaProbe probe;
  probe.reason = "built without CUDA";
  return probe;
}

}  // namespace gradvitals
