// HostMemory: the memory that the cpu device's allocator hands out.
#pragma once

#include <cstdint>

#include "kernels/runtime/caching_allocator.h"

namespace gradvitals {

/// Aligned blocks of the C++ heap, large ones on huge pages where Linux grants them. Blocks that
/// wait in the cache are poisoned for AddressSanitizer.
class HostMemory final : public MemorySource {
 public:
  static constexpr std::int64_t kAlignment = 64;  ///< A cache line, and the widest vector.
  /// Limit of cached free blocks: 256 MiB holds the activations of the 1024 x 8 network at batch 4096,
  /// and bounds the cache of a program with ever-changing sizes.
  static constexpr std::int64_t kMaxCachedBytes = std::int64_t{256} << 20;

  void* take(std::int64_t bytes) override;
  void give_back(void* block, std::int64_t bytes) noexcept override;
  void cached(void* block, std::int64_t bytes) noexcept override;
  void reused(void* block, std::int64_t bytes) noexcept override;
};

}  // namespace gradvitals
