// Buffer and HostBuffer: memory with an owner, and copies between the two sides.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/runtime/device.h"

namespace gradvitals {

class Backend;
class Stream;

/// Which memory a buffer is: the device's, or the host's that the device copies to on its own
/// (page-locked where the device is a GPU).
enum class MemoryPlace : std::uint8_t { kDevice, kHost };

/// Owns `bytes` bytes of memory, 64-byte aligned, uninitialised. Move-only. An empty buffer has a
/// null pointer.
template <MemoryPlace kPlace>
class BasicBuffer {
 public:
  BasicBuffer() = default;
  /// Throws std::invalid_argument for a negative size and, where memory ran out, std::bad_alloc on
  /// the host and OutOfMemoryError (error.h) on a device.
  BasicBuffer(Stream& stream, std::int64_t bytes);
  ~BasicBuffer();
  BasicBuffer(BasicBuffer&& other) noexcept;
  BasicBuffer& operator=(BasicBuffer&& other) noexcept;

  void* data() const { return data_; }
  std::int64_t bytes() const { return bytes_; }
  /// The device that the memory serves.
  Device device() const;

 private:
  std::shared_ptr<Backend> backend_;  // Keeps alive the allocator that the memory is returned to.
  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

using Buffer = BasicBuffer<MemoryPlace::kDevice>;
using HostBuffer = BasicBuffer<MemoryPlace::kHost>;

/// Copies host memory to the device. `source` may be reused when the call returns.
void copy_to_device(Stream& stream, const void* source, std::int64_t bytes, void* destination);

/// Copies device memory to the host; the data has arrived when the call returns.
void copy_to_host(Stream& stream, const void* source, std::int64_t bytes, void* destination);

/// The same without waiting: the data has arrived when an Event (event.h) recorded behind the copy
/// has passed. Throws std::invalid_argument where the bytes do not fit.
void copy_to_host_async(Stream& stream, const void* source, std::int64_t bytes,
                        HostBuffer& destination);

/// Sets every byte of device memory to zero.
void fill_zero(Stream& stream, void* destination, std::int64_t bytes);

}  // namespace gradvitals
