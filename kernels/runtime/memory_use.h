// MemoryUse: what a stream's allocator has taken from its device.
#pragma once

#include <cstdint>

namespace gradvitals {

/// A training step that allocates nothing leaves taken_count as it was.
struct MemoryUse {
  std::int64_t taken_count = 0;   ///< Blocks asked of the device so far; reused ones do not count.
  std::int64_t taken_bytes = 0;   ///< Of these blocks.
  std::int64_t cached_bytes = 0;  ///< What waits unused for the next request of its size.

  bool operator==(const MemoryUse&) const = default;
};

}  // namespace gradvitals
