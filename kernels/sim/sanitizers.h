// Annotations of the engine for AddressSanitizer and ThreadSanitizer. Each checks at run time whether
// the sanitizer is linked in and does nothing otherwise, so that one build of the engine serves every
// program.
#pragma once

#include <cstddef>

// Weak: null in a program that is not linked with the sanitizer.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
[[gnu::weak]] void __asan_poison_memory_region(const volatile void*, std::size_t);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void*, std::size_t);
[[gnu::weak]] void __sanitizer_start_switch_fiber(void**, const void*, std::size_t);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void*, const void**, std::size_t*);

[[gnu::weak]] void* __tsan_get_current_fiber();
[[gnu::weak]] void* __tsan_create_fiber(unsigned);
[[gnu::weak]] void __tsan_destroy_fiber(void*);
[[gnu::weak]] void __tsan_switch_to_fiber(void*, unsigned);
[[gnu::weak]] void __tsan_acquire(void*);
[[gnu::weak]] void __tsan_release(void*);
[[gnu::weak]] void AnnotateIgnoreWritesBegin(const char*, int);
[[gnu::weak]] void AnnotateIgnoreWritesEnd(const char*, int);
}
// NOLINTEND(readability-identifier-naming)

namespace gradvitals::sim::asan {

inline bool is_active() {
  return &__asan_poison_memory_region != nullptr;
}

/// Whether the bytes may be touched.
inline void poison(const void* data, std::size_t bytes) {
  if (is_active()) __asan_poison_memory_region(data, bytes);
}
inline void unpoison(const void* data, std::size_t bytes) {
  if (is_active()) __asan_unpoison_memory_region(data, bytes);
}

/// A stack as AddressSanitizer knows it.
struct Stack {
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  void* fake_stack = nullptr;  ///< Of detect_stack_use_after_return, while another stack runs.
};

/// Before a switch, on the old stack; `leaving` is null where that one has ended.
inline void start_switch(Stack* leaving, const Stack& entering) {
  if (!is_active()) return;
  __sanitizer_start_switch_fiber(leaving != nullptr ? &leaving->fake_stack : nullptr,
                                 entering.bottom, entering.bytes);
}

/// After a switch, on the new stack: tells the bounds of the one that was left.
inline void finish_switch(const Stack& entered, Stack& left) {
  if (is_active()) __sanitizer_finish_switch_fiber(entered.fake_stack, &left.bottom, &left.bytes);
}

}  // namespace gradvitals::sim::asan

namespace gradvitals::sim::tsan {

inline bool is_active() {
  return &__tsan_get_current_fiber != nullptr;
}

/// A thread in ThreadSanitizer's eyes.
using Thread = void*;

inline Thread current_thread() {
  return is_active() ? __tsan_get_current_fiber() : nullptr;
}
inline Thread create_thread() {
  return is_active() ? __tsan_create_fiber(0) : nullptr;
}
inline void destroy_thread(Thread thread) {
  if (is_active()) __tsan_destroy_fiber(thread);
}

/// From here on the accesses are those of `thread`; the switch itself orders nothing.
inline void switch_to(Thread thread) {
  constexpr unsigned kNoOrder = 1;
  if (is_active()) __tsan_switch_to_fiber(thread, kNoOrder);
}

/// What happened before a release of the address happens before what follows an acquire of it.
inline void release(void* address) {
  if (is_active()) __tsan_release(address);
}
inline void acquire(void* address) {
  if (is_active()) __tsan_acquire(address);
}

/// While it lives, writes of the current thread are not recorded: memory that the engine fills or
/// frees belongs to no CUDA thread.
class UnrecordedWrites {
 public:
  UnrecordedWrites() {
    if (is_active()) AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~UnrecordedWrites() {
    if (is_active()) AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  }
  UnrecordedWrites(const UnrecordedWrites&) = delete;
  UnrecordedWrites& operator=(const UnrecordedWrites&) = delete;
};

}  // namespace gradvitals::sim::tsan
