// What the engine tells AddressSanitizer and ThreadSanitizer. Each call does nothing in a program
// without that sanitizer: it asks whether the sanitizer's functions were linked in, so that one
// build of the engine serves every program. The files of kernels/sim are never instrumented by
// ThreadSanitizer themselves: it would take the engine's bookkeeping for the kernel's.
#pragma once

#include <cstddef>

namespace gradvitals::sim::asan {

bool is_active();

/// Whether the bytes may be touched.
void poison(const void* data, std::size_t bytes);
void unpoison(const void* data, std::size_t bytes);

/// A stack as AddressSanitizer knows it.
struct Stack {
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  void* fake_stack = nullptr;  ///< Of detect_stack_use_after_return, while another stack runs.
};

/// Around every switch: `start_switch` on the old stack, which has ended where `leaving` is null,
/// and `finish_switch` on the new one. The latter returns the bounds of the stack that was left.
void start_switch(Stack* leaving, const Stack& entering);
Stack finish_switch(const Stack& entered);

}  // namespace gradvitals::sim::asan

namespace gradvitals::sim::tsan {

bool is_active();

/// A thread in ThreadSanitizer's eyes.
using Thread = void*;
Thread current_thread();
Thread create_thread();
void destroy_thread(Thread thread);
/// From here on the accesses are those of `thread`; the switch itself orders nothing.
void switch_to(Thread thread);

/// What happened before a release of the address happens before what follows an acquire of it.
void release(void* address);
void acquire(void* address);

/// While it lives, writes of the current thread are not recorded: memory that the engine fills or
/// frees belongs to no CUDA thread.
class UnrecordedWrites {
 public:
  UnrecordedWrites();
  ~UnrecordedWrites();
  UnrecordedWrites(const UnrecordedWrites&) = delete;
  UnrecordedWrites& operator=(const UnrecordedWrites&) = delete;
};

}  // namespace gradvitals::sim::tsan
