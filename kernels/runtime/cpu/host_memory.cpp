#include "kernels/runtime/cpu/host_memory.h"

#include <sys/mman.h>

#include <cstddef>
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

/// Blocks of this size or more are aligned to huge pages, which Linux is advised to use for their
/// whole pages: tensor_stats reads 500 MB 1.1 x as fast (Zen 3). It costs address space of up to
/// a page a block.
constexpr std::int64_t kHugePageBytes = std::int64_t{1} << 21;

std::align_val_t alignment_of(std::int64_t bytes) {
  return std::align_val_t(bytes < kHugePageBytes ? HostMemory::kAlignment : kHugePageBytes);
}

}  // namespace

void* HostMemory::take(std::int64_t bytes) {
  void* const block = ::operator new(static_cast<std::size_t>(bytes), alignment_of(bytes));
#ifdef MADV_HUGEPAGE
  // Where they are not granted, pages are small, and nothing is lost but time.
  const std::int64_t whole = bytes - bytes % kHugePageBytes;
  if (whole > 0) madvise(block, static_cast<std::size_t>(whole), MADV_HUGEPAGE);
#endif
  return block;
}

void HostMemory::give_back(void* block, std::int64_t bytes) noexcept {
  ::operator delete(block, alignment_of(bytes));
}

void HostMemory::cached([[maybe_unused]] void* block,
                        [[maybe_unused]] std::int64_t bytes) noexcept {
  ASAN_POISON_MEMORY_REGION(block, static_cast<std::size_t>(bytes));
}

void HostMemory::reused([[maybe_unused]] void* block,
                        [[maybe_unused]] std::int64_t bytes) noexcept {
  ASAN_UNPOISON_MEMORY_REGION(block, static_cast<std::size_t>(bytes));
}

}  // namespace gradvitals
