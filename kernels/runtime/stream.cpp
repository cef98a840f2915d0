#include "kernels/runtime/stream.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "kernels/runtime/backend.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

void require_available(const Device& device) {
  const std::string reason = unavailable_reason(device);
  if (reason.empty()) return;
  throw DeviceError(fmt::format("device {} cannot be used: {}", name(device), reason));
}

std::shared_ptr<Backend> make_backend(const Stream::Options& options) {
  require_available(options.device);
  switch (options.device.type) {
    case DeviceType::kCuda:
      return make_cuda_backend(options.device.index, std::nullopt);
    case DeviceType::kSim:
      return SimDevice::factory()(options.device.index, std::nullopt);
    case DeviceType::kCpu:
      break;
  }
  return make_cpu_backend(options.threads);
}

}  // namespace

Stream::Stream(const Options& options) : backend_(make_backend(options)) {}

Stream Stream::wrap(const Device& device, void* native) {
  if (device.type == DeviceType::kCpu) {
    validate::fail("Stream::wrap", "device cpu runs an op when it is called, and has no queue");
  }
  require_available(device);
  return Stream(device.type == DeviceType::kCuda ? make_cuda_backend(device.index, native)
                                                 : SimDevice::factory()(device.index, native));
}

Device Stream::device() const {
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
