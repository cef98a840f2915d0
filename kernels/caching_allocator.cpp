#include "kernels/caching_allocator.h"

#include <new>

namespace gradvitals {

CachingAllocator::~CachingAllocator() {
  for (const auto& [bytes, blocks] : free_blocks_) {
    for (void* block : blocks) {
      source_->reused(block, bytes);
      source_->give_back(block, bytes);
    }
  }
}

void* CachingAllocator::allocate(std::int64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = free_blocks_.find(bytes);
    if (found != free_blocks_.end() && !found->second.empty()) {
      void* block = found->second.back();
      found->second.pop_back();
      cached_bytes_ -= bytes;
      source_->reused(block, bytes);
      return block;
    }
  }
  return source_->take(bytes);
}

void CachingAllocator::deallocate(void* block, std::int64_t bytes) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (cached_bytes_ + bytes <= max_cached_bytes_) {
      free_blocks_[bytes].push_back(block);
      cached_bytes_ += bytes;
      source_->cached(block, bytes);
      return;
    }
  } catch (const std::bad_alloc&) {
    // No memory to remember the block: it goes back to its source below.
  }
  source_->give_back(block, bytes);
}

std::int64_t CachingAllocator::cached_bytes() const {
  const std::lock_guard lock(mutex_);
  return cached_bytes_;
}

}  // namespace gradvitals
