// Device memory of the sim device: host memory that the host may not touch.
#pragma once

#include <cstdint>

namespace gradvitals::sim {

/// Exactly `bytes` bytes, 256-byte aligned, filled with 0xFF. Throws OutOfMemoryError where the GPU
/// (gpu_model.h) would have too little, std::bad_alloc where the host has.
void* allocate_device_memory(std::int64_t bytes);
void deallocate_device_memory(void* data) noexcept;

/// AddressSanitizer reports every access to the block, a kernel's too, until unpoison_device_memory(),
/// which fills it with 0xFF again.
void poison_device_memory(void* data) noexcept;
void unpoison_device_memory(void* data) noexcept;

/// While one lives, device memory may be touched: a kernel or a copy runs. At other times
/// AddressSanitizer reports who does.
class DeviceMemoryAccess {
 public:
  DeviceMemoryAccess();
  ~DeviceMemoryAccess();
  DeviceMemoryAccess(const DeviceMemoryAccess&) = delete;
  DeviceMemoryAccess& operator=(const DeviceMemoryAccess&) = delete;
};

}  // namespace gradvitals::sim
