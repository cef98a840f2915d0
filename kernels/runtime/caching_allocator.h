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

/// Where blocks come from. cached() and reused() tell it which of them nobody may touch.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  /// `bytes` > 0. Throws std::bad_alloc or OutOfMemoryError where memory ran out.
  virtual void* take(std::int64_t bytes) = 0;
  virtual void give_back(void* block, std::int64_t bytes) noexcept = 0;
  virtual void cached(void*, std::int64_t) noexcept {}
  virtual void reused(void*, std::int64_t) noexcept {}
};

/// A training step asks for the same sizes again and again: from the second step on none of them
/// reaches the system. Blocks are cached by their exact size, so that a sanitizer sees the true end
/// of each. Safe to use from several threads.
class CachingAllocator {
 public:
  /// `source` and the most bytes that may wait unused before blocks go back to it.
  CachingAllocator(std::unique_ptr<MemorySource> source, std::int64_t max_cached_bytes)
      : source_(std::move(source)), max_cached_bytes_(max_cached_bytes) {}
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  /// `bytes` > 0. Where memory ran out, what waits unused goes back to the source, which is asked
  /// once more; it then throws as MemorySource::take() does.
  void* allocate(std::int64_t bytes);
  void deallocate(void* block, std::int64_t bytes) noexcept;

  /// From here to end_hold(), every block that is handed out or comes back belongs to a hold:
  /// others do not get it before release_hold(). For work that is captured now and runs on these
  /// blocks later, whoever owns them by then. One at a time.
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

  // The mutex is held by whoever calls these.
  void* take_parked(std::int64_t bytes);
  void* take_cached(std::int64_t bytes);
  std::optional<int> hold_of(void* block) const;

  std::unique_ptr<MemorySource> source_;
  std::int64_t max_cached_bytes_;
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::vector<void*>> free_blocks_;
  MemoryUse use_;

  std::unordered_map<void*, int> hold_of_block_;  ///< Whoever has the block in hand.
  std::vector<Parked> parked_;                    ///< Blocks of holds that nobody has in hand.
  std::optional<int> current_hold_;
  int holds_ = 0;
};

}  // namespace gradvitals
