#include "kernels/sim/fiber.h"

#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstddef>
#include <memory>
#include <utility>

namespace gradvitals::sim {
namespace {

// A kernel keeps its arrays in shared memory, and its frames are small; AddressSanitizer makes them
// a few times larger. Pages that are never touched cost nothing, and one below the stack is
// protected.
constexpr std::size_t kStackBytes = 128 * 1024;

}  // namespace

Fiber::Fiber() : tsan_thread_(tsan::current_thread()) {}

Fiber::Fiber(std::function<Fiber&()> body)
    : tsan_thread_(tsan::create_thread()), owns_stack_(true) {
  boost::context::protected_fixedsize_stack allocator(kStackBytes);
  const boost::context::stack_context stack = allocator.allocate();
  stack_.bottom = static_cast<const std::byte*>(stack.sp) - stack.size;
  stack_.bytes = stack.size;
  // Its addresses may have been those of an earlier stack, which died with its frames' red zones.
  asan::unpoison(stack_.bottom, stack_.bytes);
  suspended_ = boost::context::fiber(
      std::allocator_arg, boost::context::preallocated(stack.sp, stack.size, stack), allocator,
      [this, body = std::move(body)](boost::context::fiber previous) {
        return run(std::move(previous), body);
      });
}

Fiber::~Fiber() {
  if (owns_stack_) tsan::destroy_thread(tsan_thread_);
}

void Fiber::announce_switch(asan::Stack* leaving, Fiber& next) {
  next.resumed_by_ = this;
  asan::start_switch(leaving, next.stack_);
  tsan::switch_to(next.tsan_thread_);
}

// The fiber that was left is handed over as `previous`: that is where it stands from now on.
void Fiber::arrive(boost::context::fiber previous) {
  asan::finish_switch(stack_, resumed_by_->stack_);
  resumed_by_->suspended_ = std::move(previous);
}

void Fiber::switch_to(Fiber& next) {
  announce_switch(&stack_, next);
  arrive(std::move(next.suspended_).resume());
}

boost::context::fiber Fiber::run(boost::context::fiber previous,
                                 const std::function<Fiber&()>& body) {
  arrive(std::move(previous));
  Fiber& next = body();
  announce_switch(nullptr, next);
  return std::move(next.suspended_);
}

}  // namespace gradvitals::sim
