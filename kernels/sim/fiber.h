// Fiber: a function on a stack of its own, left and entered again at will. Over Boost.Context.
#pragma once

#include <boost/context/fiber.hpp>
#include <functional>

#include "kernels/sim/sanitizers.h"

namespace gradvitals::sim {

/// Neither copied nor moved: what runs on the stack knows its address.
class Fiber {
 public:
  /// Stands for the stack that the calling operating-system thread is on.
  Fiber();

  /// Will run `body`, which returns the fiber to go on with when it has ended.
  explicit Fiber(std::function<Fiber&()> body);

  /// The body must have ended.
  ~Fiber();

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Leaves this fiber, which must be the running one, for `next`. Returns when another one
  /// switches back.
  void switch_to(Fiber& next);

 private:
  boost::context::fiber run(boost::context::fiber previous, const std::function<Fiber&()>& body);
  void announce_switch(asan::Stack* leaving, Fiber& next);
  void arrive(boost::context::fiber previous);

  boost::context::fiber suspended_;  // Where it stands; empty while it runs and when it has ended.
  Fiber* resumed_by_ = nullptr;
  asan::Stack stack_;
  tsan::Thread tsan_thread_ = nullptr;
  bool owns_stack_ = false;
};

}  // namespace gradvitals::sim
