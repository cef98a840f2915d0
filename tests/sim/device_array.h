// Device memory of the sim device for the engine's own tests, which do without streams and
// backends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::sim {

/// `count` > 0 elements, filled with 0xFF bytes.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::int64_t count)
      : count_(count), data_(static_cast<T*>(gpu::allocate(bytes()))) {}
  explicit DeviceArray(std::span<const T> values) : DeviceArray(std::ssize(values)) {
    gpu::copy_async(data_, values.data(), bytes(), {});
  }
  ~DeviceArray() { gpu::deallocate(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }

  std::vector<T> download() const {
    std::vector<T> values(static_cast<std::size_t>(count_));
    gpu::copy_async(values.data(), data_, bytes(), {});
    return values;
  }

 private:
  std::int64_t bytes() const { return count_ * static_cast<std::int64_t>(sizeof(T)); }

  std::int64_t count_;
  T* data_;
};

}  // namespace gradvitals::sim
