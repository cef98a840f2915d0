#include "kernels/runtime/caching_allocator.h"

#include <algorithm>
#include <new>

#include "kernels/runtime/error.h"

namespace gradvitals {

CachingAllocator::~CachingAllocator() {
  give_back_unused();
}

void* CachingAllocator::allocate(std::int64_t bytes) {
  std::unique_lock lock(mutex_);
  void* block = take_parked(bytes);
  if (block == nullptr) block = take_cached(bytes);
  if (block == nullptr) {
    lock.unlock();  // The source may take its time.
    block = take(bytes);
    lock.lock();
    ++use_.taken_count;
    use_.taken_bytes += bytes;
  }
  if (current_hold_) hold_of_block_.insert_or_assign(block, *current_hold_);
  return block;
}

void* CachingAllocator::take_parked(std::int64_t bytes) {
  if (!current_hold_) return nullptr;
  const auto fits = [&](const Parked& parked) {
    return parked.bytes == bytes && parked.hold == current_hold_;
  };
  // The last that came back goes out first, as from the cache.
  const auto found = std::find_if(parked_.rbegin(), parked_.rend(), fits);
  if (found == parked_.rend()) return nullptr;
  void* block = found->block;
  parked_.erase(std::next(found).base());
  return block;
}

void* CachingAllocator::take_cached(std::int64_t bytes) {
  const auto found = free_blocks_.find(bytes);
  if (found == free_blocks_.end() || found->second.empty()) return nullptr;
  void* block = found->second.back();
  found->second.pop_back();
  use_.cached_bytes -= bytes;
  source_->reused(block, bytes);
  return block;
}

void* CachingAllocator::take(std::int64_t bytes) {
  try {
    return source_->take(bytes);
  } catch (const std::bad_alloc&) {
  } catch (const OutOfMemoryError&) {
  }
  give_back_unused();
  return source_->take(bytes);
}

void CachingAllocator::give_back_unused() noexcept {
  const std::lock_guard lock(mutex_);
  for (const auto& [bytes, blocks] : free_blocks_) {
    for (void* block : blocks) {
      source_->reused(block, bytes);
      source_->give_back(block, bytes);
    }
  }
  free_blocks_.clear();
  use_.cached_bytes = 0;
}

std::optional<int> CachingAllocator::hold_of(void* block) const {
  if (current_hold_) return current_hold_;
  const auto found = hold_of_block_.find(block);
  if (found == hold_of_block_.end()) return std::nullopt;
  return found->second;
}

void CachingAllocator::deallocate(void* block, std::int64_t bytes) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (const std::optional<int> hold = hold_of(block)) {
      parked_.push_back({block, bytes, *hold});
      hold_of_block_.erase(block);
      return;
    }
    if (use_.cached_bytes + bytes <= max_cached_bytes_) {
      free_blocks_[bytes].push_back(block);
      use_.cached_bytes += bytes;
      source_->cached(block, bytes);
      return;
    }
  } catch (const std::bad_alloc&) {
    // No memory to remember the block: it goes back to its source below, and the system sees to it
    // that captured work that still needs it fails.
  }
  source_->give_back(block, bytes);
}

int CachingAllocator::begin_hold() {
  const std::lock_guard lock(mutex_);
  current_hold_ = ++holds_;
  return *current_hold_;
}

void CachingAllocator::end_hold() {
  const std::lock_guard lock(mutex_);
  current_hold_.reset();
}

void CachingAllocator::release_hold(int hold) noexcept {
  std::vector<Parked> released;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(hold_of_block_, [&](const auto& entry) { return entry.second == hold; });
    const auto keeps = [&](const Parked& parked) { return parked.hold != hold; };
    const auto first = std::partition(parked_.begin(), parked_.end(), keeps);
    released.assign(first, parked_.end());
    parked_.erase(first, parked_.end());
  }
  for (const Parked& parked : released) deallocate(parked.block, parked.bytes);
}

MemoryUse CachingAllocator::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

}  // namespace gradvitals
