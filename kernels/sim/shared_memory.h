// The shared memory of one block.
#pragma once

#include <cstddef>
#include <vector>

namespace gradvitals::sim {

/// Arrays on the heap, one each and of exact size, so that AddressSanitizer sees an index beyond
/// the end and a pointer kept from an earlier block. Filled with 0xFF: an element read before it
/// was written is NaN.
class SharedMemory {
 public:
  SharedMemory() = default;
  ~SharedMemory() { clear(); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// The array of that key, created on first use.
  void* array(const void* key, std::size_t bytes);

  /// Bytes in all arrays.
  std::size_t bytes() const { return bytes_; }

  /// Frees the arrays.
  void clear();

 private:
  struct Array {
    const void* key = nullptr;
    void* data = nullptr;
  };

  std::vector<Array> arrays_;
  std::size_t bytes_ = 0;
};

}  // namespace gradvitals::sim
