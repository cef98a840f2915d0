// The three ways a call can fail. Misuse of the API is std::invalid_argument; an unhealthy gradient
// is data and never an error.
#pragma once

#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>

namespace gradvitals {

/// Input that cannot be read: what() names the file and the byte or key at fault.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A requested device cannot be used: what() names the device and the reason.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A failed CUDA call: what() holds the call, the code and file:line.
class CudaError : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// Device memory ran out.
class OutOfMemoryError : public CudaError {
 public:
  struct Shortage {
    std::int64_t requested_bytes = 0;
    std::int64_t free_bytes = 0;
    std::int64_t total_bytes = 0;
  };
  explicit OutOfMemoryError(const Shortage& shortage,
                            std::source_location site = std::source_location::current());
};

}  // namespace gradvitals
