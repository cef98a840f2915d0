#include "kernels/runtime/buffer.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "kernels/runtime/backend.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

void check_bytes(std::string_view op, std::int64_t bytes) {
  if (bytes < 0) validate::fail(op, fmt::format("{} bytes is negative", bytes));
}

void check_pointer(std::string_view op, std::string_view argument, const void* data,
                   std::int64_t bytes) {
  if (data == nullptr) {
    validate::fail(op, fmt::format("{} is null, {} bytes wanted", argument, bytes));
  }
}

}  // namespace

template <MemoryPlace kPlace>
BasicBuffer<kPlace>::BasicBuffer(Stream& stream, std::int64_t bytes)
    : backend_(stream.backend()), bytes_(bytes) {
  check_bytes("Buffer", bytes);
  if (bytes == 0) return;
  data_ =
      kPlace == MemoryPlace::kDevice ? backend_->allocate(bytes) : backend_->allocate_host(bytes);
}

template <MemoryPlace kPlace>
BasicBuffer<kPlace>::~BasicBuffer() {
  if (data_ == nullptr) return;
  if constexpr (kPlace == MemoryPlace::kDevice) {
    backend_->deallocate(data_, bytes_);
  } else {
    backend_->deallocate_host(data_, bytes_);
  }
}

template <MemoryPlace kPlace>
BasicBuffer<kPlace>::BasicBuffer(BasicBuffer&& other) noexcept
    : backend_(std::move(other.backend_)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

template <MemoryPlace kPlace>
BasicBuffer<kPlace>& BasicBuffer<kPlace>::operator=(BasicBuffer&& other) noexcept {
  BasicBuffer taken(std::move(other));
  std::swap(backend_, taken.backend_);
  std::swap(data_, taken.data_);
  std::swap(bytes_, taken.bytes_);
  return *this;
}

template <MemoryPlace kPlace>
Device BasicBuffer<kPlace>::device() const {
  return backend_ ? backend_->device() : Device();
}

template class BasicBuffer<MemoryPlace::kDevice>;
template class BasicBuffer<MemoryPlace::kHost>;

void copy_to_device(Stream& stream, const void* source, std::int64_t bytes, void* destination) {
  check_bytes("copy_to_device", bytes);
  if (bytes == 0) return;
  check_pointer("copy_to_device", "source", source, bytes);
  check_pointer("copy_to_device", "destination", destination, bytes);
  stream.backend()->copy_to_device(source, bytes, destination);
}

void copy_to_host(Stream& stream, const void* source, std::int64_t bytes, void* destination) {
  check_bytes("copy_to_host", bytes);
  if (bytes == 0) return;
  check_pointer("copy_to_host", "source", source, bytes);
  check_pointer("copy_to_host", "destination", destination, bytes);
  stream.backend()->copy_to_host(source, bytes, destination);
}

void copy_to_host_async(Stream& stream, const void* source, std::int64_t bytes,
                        HostBuffer& destination) {
  check_bytes("copy_to_host_async", bytes);
  if (bytes > destination.bytes()) {
    validate::fail("copy_to_host_async", fmt::format("{} bytes do not fit into destination, which "
                                                     "has {}",
                                                     bytes, destination.bytes()));
  }
  if (bytes == 0) return;
  check_pointer("copy_to_host_async", "source", source, bytes);
  stream.backend()->copy_to_host_async(source, bytes, destination.data());
}

void fill_zero(Stream& stream, void* destination, std::int64_t bytes) {
  check_bytes("fill_zero", bytes);
  if (bytes == 0) return;
  check_pointer("fill_zero", "destination", destination, bytes);
  stream.backend()->fill_zero(destination, bytes);
}

}  // namespace gradvitals
