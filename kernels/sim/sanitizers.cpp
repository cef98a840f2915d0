#include "kernels/sim/sanitizers.h"

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

bool is_active() {
  return &__asan_poison_memory_region != nullptr;
}

void poison(const void* data, std::size_t bytes) {
  if (is_active()) __asan_poison_memory_region(data, bytes);
}

void unpoison(const void* data, std::size_t bytes) {
  if (is_active()) __asan_unpoison_memory_region(data, bytes);
}

void start_switch(Stack* leaving, const Stack& entering) {
  if (!is_active()) return;
  __sanitizer_start_switch_fiber(leaving != nullptr ? &leaving->fake_stack : nullptr,
                                 entering.bottom, entering.bytes);
}

Stack finish_switch(const Stack& entered) {
  Stack left;
  if (is_active()) __sanitizer_finish_switch_fiber(entered.fake_stack, &left.bottom, &left.bytes);
  return left;
}

}  // namespace gradvitals::sim::asan

namespace gradvitals::sim::tsan {

bool is_active() {
  return &__tsan_get_current_fiber != nullptr;
}

Thread current_thread() {
  return is_active() ? __tsan_get_current_fiber() : nullptr;
}

Thread create_thread() {
  return is_active() ? __tsan_create_fiber(0) : nullptr;
}

void destroy_thread(Thread thread) {
  if (is_active()) __tsan_destroy_fiber(thread);
}

void switch_to(Thread thread) {
  constexpr unsigned kNoOrder = 1;
  if (is_active()) __tsan_switch_to_fiber(thread, kNoOrder);
}

void release(void* address) {
  if (is_active()) __tsan_release(address);
}

void acquire(void* address) {
  if (is_active()) __tsan_acquire(address);
}

UnrecordedWrites::UnrecordedWrites() {
  if (is_active()) AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

UnrecordedWrites::~UnrecordedWrites() {
  if (is_active()) AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

}  // namespace gradvitals::sim::tsan
