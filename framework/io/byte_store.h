// ByteStore: memory for views of a file that cannot point into its mapping.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "framework/io/tensor_entry.h"

namespace gradvitals {

/// Owns blocks of bytes that stay where they are when the store moves, aligned for every DType.
class ByteStore {
 public:
  /// A block that lives as long as the store. Its bytes are not set.
  std::span<std::byte> make(std::size_t bytes);

  /// Copies the entry's bytes into place where they lie unaligned for its type, so that they can be
  /// read as elements.
  void align(SafetensorsEntry& entry);

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

}  // namespace gradvitals
