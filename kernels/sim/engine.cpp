#include "kernels/sim/engine.h"

#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

#include "kernels/sim/device_memory.h"
#include "kernels/sim/engine_state.h"
#include "kernels/sim/fault_report.h"
#include "kernels/sim/launch_limits.h"
#include "kernels/sim/sanitizers.h"

namespace gradvitals::sim {

constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};
constinit thread_local Engine* running_engine = nullptr;

namespace {

uint3 unflatten(std::uint32_t number, dim3 shape) {
  return {number % shape.x, number / shape.x % shape.y, number / shape.x / shape.y};
}

class RunningScope {
 public:
  explicit RunningScope(Engine& engine) { running_engine = &engine; }
  ~RunningScope() { running_engine = nullptr; }
  RunningScope(const RunningScope&) = delete;
  RunningScope& operator=(const RunningScope&) = delete;
};

}  // namespace

void run_grid(const LaunchShape& shape, const std::function<void()>& thread_body) {
  if (running_engine != nullptr) throw std::logic_error("a kernel cannot launch a kernel");
  // Fibers are kept from launch to launch: making them is what costs.
  thread_local Engine engine;
  engine.run(shape, thread_body);
}

Engine::~Engine() {
  is_closing_ = true;
  for (const Crew& crew : crews_) {
    for (const auto& thread : crew) main_.switch_to(thread->fiber);
  }
}

// ---- Launches and blocks, on the caller's stack

void Engine::run(const LaunchShape& shape, const std::function<void()>& body) {
  check_launch(shape);
  const DeviceMemoryAccess access;
  Scheduler scheduler(current_schedule());
  const auto block_count = shape.grid.x * shape.grid.y * shape.grid.z;
  thread_count_ = shape.block.x * shape.block.y * shape.block.z;
  for (Crew& crew : crews_) {
    if (&crew == crews_ || tsan::is_active()) hire(crew, thread_count_);
  }
  gridDim = shape.grid;
  blockDim = shape.block;
  order_.clear();
  body_ = &body;
  shape_ = &shape;
  const RunningScope running(*this);
  tsan::release(&launched_);
  for (const std::uint32_t block : scheduler.order(block_count)) run_block(block, scheduler);
  tsan::acquire(&ended_);
}

void Engine::hire(Crew& crew, std::uint32_t count) {
  while (crew.size() < count) {
    // The fiber knows its thread by the place in the crew, which does not change.
    const std::size_t number = crew.size();
    crew.push_back(std::make_unique<SimThread>(
        [this, &crew, number]() -> Fiber& { return serve(*crew[number]); }));
    crew.back()->number = static_cast<std::uint32_t>(number);
  }
}

void Engine::run_block(std::uint32_t block, Scheduler& scheduler) {
  if (tsan::is_active()) crew_ = crew_ == crews_ ? crews_ + 1 : crews_;
  blockIdx = unflatten(block, gridDim);
  prepare_threads(scheduler);
  SimThread* first = next_ready(thread_count_ - 1);
  enter(*first);
  main_.switch_to(first->fiber);
  finish_block();
}

void Engine::prepare_threads(Scheduler& scheduler) {
  if (order_.empty() || !scheduler.repeats()) order_ = scheduler.order(thread_count_);
  warps_.fill({});
  for (std::uint32_t position = 0; position < thread_count_; ++position) {
    SimThread& thread = *(*crew_)[order_[position]];
    thread.reset(unflatten(thread.number, blockDim));
    thread.position = position;
    ready_.insert(position);
    warp_of(thread).existing |= lane_bit(thread);
  }
  alive_ = thread_count_;
  at_barrier_ = 0;
}

/// The block has ended, or no thread of it goes on.
void Engine::finish_block() {
  if (fault_.empty() && !failure_ && alive_ > 0) fault_ = "deadlock, no thread can go on";
  std::exception_ptr failure = std::exchange(failure_, nullptr);
  if (!fault_.empty()) {
    const std::span threads(crew_->data(), thread_count_);
    failure = std::make_exception_ptr(
        KernelFault(describe_fault(fault_, shape_->site, blockIdx, threads)));
    fault_ = {};
  }
  if (failure) abandon_threads();
  static_arrays_.clear();
  dynamic_array_.clear();
  if (failure) {
    tsan::acquire(&ended_);
    std::rethrow_exception(failure);
  }
}

void Engine::abandon_threads() {
  is_abandoning_ = true;
  for (std::uint32_t number = 0; number < thread_count_; ++number) {
    SimThread& thread = *(*crew_)[number];
    ready_.erase(thread.position);
    if (!thread.is_inside_kernel) continue;
    enter(thread);
    main_.switch_to(thread.fiber);
  }
  is_abandoning_ = false;
  failure_ = nullptr;
}

// ---- Threads, each on its own stack

/// A fiber's whole life: the same thread of one block after another.
Fiber& Engine::serve(SimThread& self) {
  while (!is_closing_) {
    tsan::acquire(&launched_);
    self.is_inside_kernel = true;
    try {
      (*body_)();
    } catch (const Abandoned&) {
    } catch (...) {
      failure_ = std::current_exception();
    }
    self.is_inside_kernel = false;
    tsan::release(&ended_);
    self.state = ThreadState::kExited;
    ready_.erase(self.position);
    warp_of(self).exited |= lane_bit(self);
    --alive_;
    yield(self);
  }
  return main_;
}

SimThread* Engine::next_ready(std::uint32_t position) const {
  const std::uint32_t next = ready_.next_after(position);
  return next == ReadySet::kNone ? nullptr : (*crew_)[order_[next]].get();
}

void Engine::enter(SimThread& thread) {
  current_ = &thread;
  threadIdx = thread.index;
}

/// Lets the next thread that can go on do so; where there is none, the launch.
void Engine::yield(SimThread& self) {
  const bool is_stopped = is_abandoning_ || failure_ || !fault_.empty();
  SimThread* next = is_stopped ? nullptr : next_ready(self.position);
  if (next == &self) return;
  if (next != nullptr) enter(*next);
  self.fiber.switch_to(next != nullptr ? next->fiber : main_);
}

/// Yields, and returns when another thread has made this one ready.
void Engine::wait(SimThread& self) {
  yield(self);
  if (is_abandoning_) throw Abandoned();
}

void Engine::make_ready(SimThread& thread, std::uint64_t result) {
  thread.result = result;
  thread.state = ThreadState::kReady;
  ready_.insert(thread.position);
}

/// Ends the launch with a KernelFault.
void Engine::fail(SimThread& self, std::string_view what) {
  fault_ = what;
  wait(self);
}

// ---- Memory

void* Engine::shared_array(const void* key, std::size_t bytes) {
  void* const data = static_arrays_.array(key, bytes);
  if (static_arrays_.bytes() > kMaxStaticSharedBytes) {
    fail(*current_, "the shared arrays take more than 48 KB");
  }
  if (static_arrays_.bytes() + shape_->shared_bytes > kMaxSharedBytes) {
    fail(*current_, "static and dynamic shared memory together take more than a block can have");
  }
  return data;
}

void* Engine::dynamic_shared_memory() {
  return shape_->shared_bytes > 0 ? dynamic_array_.array(this, shape_->shared_bytes) : nullptr;
}

void* shared_array(const void* key, std::size_t bytes) {
  return running_engine->shared_array(key, bytes);
}

void* dynamic_shared_memory() {
  return running_engine->dynamic_shared_memory();
}

}  // namespace gradvitals::sim
