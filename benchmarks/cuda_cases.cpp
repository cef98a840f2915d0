#include "benchmarks/cuda_cases.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "kernels/ops/gemm.h"
#include "kernels/runtime/device.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

bool has_cuda(const char* program) {
  const std::string reason = unavailable_reason(DeviceType::kCuda);
  if (!reason.empty()) {
    fmt::print(stderr, "{}: the cuda cases are skipped: {}\n", program, reason);
    return false;
  }
  const CudaProbe probe = probe_cuda();
  benchmark::AddCustomContext("gpu", probe.device_name);
  benchmark::AddCustomContext("cuda_toolkit", probe.toolkit_version);
  return true;
}

bool has_cublas(const char* program) {
  try {
    Stream stream({.device = DeviceType::kCuda});
    set_gemm_provider(stream, GemmProvider::kCublas);
    return true;
  } catch (const CudaError&) {
    throw;  // It is there, and fails.
  } catch (const DeviceError& error) {
    fmt::print(stderr, "{}: the cases of cuBLAS are skipped: {}\n", program, error.what());
    return false;
  }
}

}  // namespace gradvitals
