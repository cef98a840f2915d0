// What the CUDA runtime finds on this machine. No driver, an older driver and no GPU each have a reason of
// their own; a failed call is a reason, not an error.
#include <cuda_runtime.h>

#include <string>

#include "kernels/runtime/device.h"

namespace gradvitals {
namespace {

/// A version as CUDA counts it, 1000 * major + 10 * minor, as "major.minor".
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Ampere: warps reduce in hardware from there on.
constexpr int kOldestMajor = 8;

std::string reason_of(cudaError_t status) {
  // The version is 0 where no driver is installed. An older driver sets it too, where
  // cudaErrorInsufficientDriver alone would not tell the two cases apart.
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
  if (driver == 0) return "no CUDA driver";
  if (status == cudaErrorNoDevice) return "no GPU";
  if (status == cudaErrorInsufficientDriver) {
    return "the CUDA driver is too old: it supports CUDA " + version_text(driver) +
           ", this build needs " + version_text(CUDART_VERSION);
  }
  return std::string("the CUDA runtime reports ") + cudaGetErrorName(status) + ": " +
         cudaGetErrorString(status);
}

}  // namespace

CudaProbe probe_cuda() {
  CudaProbe probe;
  probe.built = true;
  probe.toolkit_version = version_text(CUDART_VERSION);
  int count = 0;  // The call leaves it untouched on error.
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    probe.reason = reason_of(status);
    return probe;
  }
  if (count <= 0) {
    probe.reason = "no GPU";
    return probe;
  }
  cudaDeviceProp properties{};
  if (const cudaError_t failure = cudaGetDeviceProperties(&properties, 0); failure != cudaSuccess) {
    probe.reason = reason_of(failure);
    return probe;
  }
  if (properties.major < kOldestMajor) {
    probe.reason = std::string(properties.name) + " has compute capability " +
                   std::to_string(properties.major) + "." + std::to_string(properties.minor) +
                   ", the kernels need 8.0 or later";
    return probe;
  }
  probe.device_count = count;
  probe.device_name = properties.name;
  return probe;
}

}  // namespace gradvitals
