#include "kernels/runtime/stream.h"

#include <fmt/format.h>

#include <string>

#include "kernels/runtime/backend.h"
#include "kernels/runtime/error.h"

namespace gradvitals {
namespace {

std::shared_ptr<Backend> make_backend(const Stream::Options& options) {
  const std::string reason = unavailable_reason(options.device);
  if (!reason.empty()) {
    throw DeviceError(fmt::format("device {} cannot be used: {}", name(options.device), reason));
  }
  switch (options.device) {
    case DeviceType::kCuda:
      return make_cuda_backend();
    case DeviceType::kSim:
      return SimDevice::factory()();
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
