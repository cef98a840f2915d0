// CachingAllocator: freed blocks wait for the next request of their size.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/runtime/memory_use.h"

namespace gradvitals {

/// Where blocks come from. cached() and reused() tell it which blocks are free, so that accesses to
/// them can be detected.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  /// `bytes` > 0. Throws std::bad_alloc or OutOfMemoryError where memory ran out.
  virtual void* take(std::int64_t bytes) = 0;
  virtual void give_back(void* block, std::int64_t bytes) noexcept = 0;
  virtual void cached(void*, std::int64_t) noexcept {}
  virtual void reused(void*, std::int64_t) noexcept {}
};

/// Every training step allocates the same sizes: from the second step on, no allocation reaches the
/// system. Blocks are cached by their exact size, so that a sanitizer sees the true end of each.
/// Thread-safe.
class CachingAllocator {
 public:
  /// Caches at most `max_cached_bytes` of free blocks; the rest go back to `source`.
  CachingAllocator(std::unique_ptr<MemorySource> source, std::int64_t max_cached_bytes)
      : source_(std::move(source)), max_cached_bytes_(max_cached_bytes) {}
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  /// `bytes` > 0. If memory runs out, all cached blocks go back to the source and the allocation is
  /// tried once more; then throws as MemorySource::take().
  void* allocate(std::int64_t bytes);
  void deallocate(void* block, std::int64_t bytes) noexcept;

  /// Every block that is allocated or freed from here to end_hold() is reserved by a hold: until
  /// release_hold() it is not allocated outside the hold. For captured work, which accesses these
  /// blocks in later launches, after their owners have freed them. One hold at a time.
  int begin_hold();
  void end_hold();
  void release_hold(int hold) noexcept;

  MemoryUse use() const;

 private:
  struct Parked {
    void* block;
    std::int64_t bytes;
    int hold;
  };

  void* take(std::int64_t bytes);
  void give_back_unused() noexcept;

  // Callers of these hold the mutex.
  void* take_parked(std::int64_t bytes);
  void* take_cached(std::int64_t bytes);
  std::optional<int> hold_of(void* block) const;

  std::unique_ptr<MemorySource> source_;
  std::int64_t max_cached_bytes_;
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::vector<void*>> free_blocks_;
  MemoryUse use_;

  std::unordered_map<void*, int> hold_of_block_;  ///< Of reserved blocks in use.
  std::vector<Parked> parked_;                    ///< Reserved blocks that are free.
  std::optional<int> current_hold_;
  int holds_ = 0;
};

}  // namespace gradvitals
