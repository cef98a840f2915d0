// CachingAllocator: freed blocks wait for the next request of their size.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace gradvitals {

/// A training step asks for the same sizes again and again: from the second step on none of them
/// reaches the system. Blocks are cached by their exact size, so that a sanitizer sees the true end
/// of each, and cached blocks are poisoned for it. Safe to use from several threads.
class CachingAllocator {
 public:
  static constexpr std::int64_t kAlignment = 64;  ///< A cache line, and the widest vector.
  /// What may wait unused before blocks go back to the system: 256 MiB holds the activations of the
  /// 1024 x 8 network at batch 4096, and a program with ever-changing sizes does not hoard more.
  static constexpr std::int64_t kMaxCachedBytes = std::int64_t{256} << 20;

  CachingAllocator() = default;
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  /// `bytes` > 0. Throws std::bad_alloc.
  void* allocate(std::int64_t bytes);
  void deallocate(void* block, std::int64_t bytes) noexcept;

  /// What waits unused.
  std::int64_t cached_bytes() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::vector<void*>> free_blocks_;
  std::int64_t cached_bytes_ = 0;
};

}  // namespace gradvitals
