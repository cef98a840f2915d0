#include "kernels/cpu/caching_allocator.h"

#include <new>

// Without the header there is no AddressSanitizer to tell.
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) \
  (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) \
  (static_cast<void>(address), static_cast<void>(size))
#endif

namespace gradvitals {
namespace {

constexpr std::align_val_t kAlign{CachingAllocator::kAlignment};

}  // namespace

CachingAllocator::~CachingAllocator() {
  for (const auto& [bytes, blocks] : free_blocks_) {
    for (void* block : blocks) {
      ASAN_UNPOISON_MEMORY_REGION(block, static_cast<std::size_t>(bytes));
      ::operator delete(block, kAlign);
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
      ASAN_UNPOISON_MEMORY_REGION(block, static_cast<std::size_t>(bytes));
      return block;
    }
  }
  return ::operator new(static_cast<std::size_t>(bytes), kAlign);
}

void CachingAllocator::deallocate(void* block, std::int64_t bytes) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (cached_bytes_ + bytes <= kMaxCachedBytes) {
      free_blocks_[bytes].push_back(block);
      cached_bytes_ += bytes;
      ASAN_POISON_MEMORY_REGION(block, static_cast<std::size_t>(bytes));
      return;
    }
  } catch (const std::bad_alloc&) {
    // No memory to remember the block: it goes back to the system below.
  }
  ::operator delete(block, kAlign);
}

std::int64_t CachingAllocator::cached_bytes() const {
  const std::lock_guard lock(mutex_);
  return cached_bytes_;
}

}  // namespace gradvitals
