#include "kernels/stream.h"

#include <fmt/format.h>

#include <string>

#include "kernels/backend.h"
#include "kernels/error.h"
#include "kernels/validate.h"

namespace gradvitals {
namespace {

std::shared_ptr<Backend> make_backend(const Stream::Options& options) {
  if (options.gemm == GemmProvider::kCublas && options.device != DeviceType::kCuda) {
    validate::fail("Stream",
                   fmt::format("cuBLAS runs on device cuda, not on {}", name(options.device)));
  }
  const std::string reason = unavailable_reason(options.device);
  if (!reason.empty()) {
    throw DeviceError(fmt::format("device {} cannot be used: {}", name(options.device), reason));
  }
  switch (options.device) {
    case DeviceType::kCuda:
      return make_cuda_backend(options.gemm);
    case DeviceType::kSim:
      return make_sim_backend();
    case DeviceType::kCpu:
      break;
  }
  return make_cpu_backend(options.threads);
}

}  // namespace

Stream::Stream(const Options& options) : backend_(make_backend(options)) {}

DeviceType Stream::device() const {
  return backend_->device();
}
int Stream::threads() const {
  return backend_->threads();
}
MemoryUse Stream::memory() const {
  return backend_->memory();
}
void Stream::synchronize() {
  backend_->synchronize();
}

}  // namespace gradvitals
