#include "kernels/cpu/host_memory.h"

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

constexpr std::align_val_t kAlign{HostMemory::kAlignment};

}  // namespace

void* HostMemory::take(std::int64_t bytes) {
  return ::operator new(static_cast<std::size_t>(bytes), kAlign);
}

void HostMemory::give_back(void* block, std::int64_t) noexcept {
  ::operator delete(block, kAlign);
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
