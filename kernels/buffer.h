// Buffer: device memory with an owner.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/device.h"

namespace gradvitals {

class Backend;
class Stream;

/// Owns `bytes` bytes of device memory, 64-byte aligned, uninitialised. Move-only. An empty buffer
/// has a null pointer.
class Buffer {
 public:
  Buffer() = default;
  /// Throws std::invalid_argument for a negative size and std::bad_alloc where memory ran out.
  Buffer(Stream& stream, std::int64_t bytes);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  void* data() const { return data_; }
  std::int64_t bytes() const { return bytes_; }
  /// The device whose memory this is.
  DeviceType device() const;

 private:
  std::shared_ptr<Backend> backend_;  // Memory goes back where it came from.
  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

/// Copies host memory to the device. `source` may be reused when the call returns.
void copy_to_device(Stream& stream, const void* source, std::int64_t bytes, void* destination);

/// Copies device memory to the host; the data has arrived when the call returns.
void copy_to_host(Stream& stream, const void* source, std::int64_t bytes, void* destination);

/// Sets every byte of device memory to zero.
void fill_zero(Stream& stream, void* destination, std::int64_t bytes);

}  // namespace gradvitals
