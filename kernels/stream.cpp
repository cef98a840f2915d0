#include "kernels/stream.h"

#include <fmt/format.h>

#include <utility>

#include "kernels/backend.h"
#include "kernels/error.h"

namespace gradvitals {
namespace {

std::shared_ptr<Backend> make_backend(const Stream::Options& options) {
  if (options.device == DeviceType::kCpu) return make_cpu_backend(options.threads);
  throw DeviceError(fmt::format("device {} cannot be used: {}", name(options.device),
                                unavailable_reason(options.device)));
}

}  // namespace

Stream::Stream(const Options& options) : backend_(make_backend(options)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

DeviceType Stream::device() const {
  return backend_->device();
}
int Stream::threads() const {
  return backend_->threads();
}
void Stream::synchronize() {
  backend_->synchronize();
}

}  // namespace gradvitals
