#include <bit>
#include <cstring>
#include <span>

#include "kernels/sim/engine_state.h"
#include "kernels/sim/sanitizers.h"

namespace gradvitals::sim {
namespace {

/// No group of lanes: one that waits in vain.
constexpr std::uint32_t kMismatch = 0xFFFFFFFF;

bool is_same_line(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

int answer(BarrierResult asked, std::uint32_t true_count, std::uint32_t thread_count) {
  switch (asked) {
    case BarrierResult::kNone:
      break;
    case BarrierResult::kCount:
      return static_cast<int>(true_count);
    case BarrierResult::kAnd:
      return true_count == thread_count ? 1 : 0;
    case BarrierResult::kOr:
      return true_count > 0 ? 1 : 0;
  }
  return 0;
}

}  // namespace

// ---- Barriers

int Engine::wait_at_barrier(BarrierResult asked, bool predicate, const std::source_location& site) {
  SimThread& self = *current_;
  self.state = ThreadState::kAtBarrier;
  self.asked = asked;
  self.predicate = predicate;
  self.site = site;
  ready_.erase(self.position);
  if (at_barrier_++ == 0) barrier_ = barrier_variables_.next();
  void* const barrier = barrier_;
  tsan::release(barrier);
  if (at_barrier_ == thread_count_) release_barrier(self);
  wait(self);
  tsan::acquire(barrier);
  return static_cast<int>(self.result);
}

void Engine::release_barrier(SimThread& last) {
  const std::span threads(crew_->data(), thread_count_);
  std::uint32_t true_count = 0;
  for (const auto& thread : threads) {
    true_count += thread->predicate ? 1 : 0;
    if (!is_same_line(thread->site, last.site)) {
      fail(last, "threads of one block meet at different barriers");
    }
  }
  at_barrier_ = 0;
  const int result = answer(last.asked, true_count, thread_count_);
  for (const auto& thread : threads) make_ready(*thread, static_cast<std::uint64_t>(result));
}

// ---- Warps

std::uint64_t Engine::exchange_in_warp(const WarpRequest& request,
                                       const std::source_location& site) {
  SimThread& self = *current_;
  self.state = ThreadState::kInWarp;
  self.request = request;
  self.site = site;
  ready_.erase(self.position);
  check_request(self);
  const bool is_complete = join_group(self);
  const bool orders_memory = request.op == WarpOp::kSync;  // A shuffle does not.
  if (orders_memory) tsan::release(self.order);
  if (is_complete) {
    finish_exchange(self);
  } else {
    wait(self);
  }
  if (orders_memory) tsan::acquire(self.order);
  return self.result;
}

void Engine::check_request(SimThread& self) {
  const Warp& warp = warp_of(self);
  WarpRequest& request = self.request;
  // __syncwarp() names all 32 lanes where the block's last warp has fewer.
  if (request.op == WarpOp::kSync) request.mask &= warp.existing;
  if ((request.mask & lane_bit(self)) == 0) fail(self, "a lane is not in the mask that it names");
  if ((request.mask & ~warp.existing) != 0) fail(self, "a mask names lanes that do not exist");
  if ((request.mask & warp.exited) != 0) fail(self, "a mask names lanes that have exited");
  const bool is_width = request.width > 0 && request.width <= kWarpLanes &&
                        (request.width & (request.width - 1)) == 0;
  if (!is_width) fail(self, "the width of a shuffle is no power of two up to 32");
}

/// The lanes that wait for the same as this one. A lane that names this one and waits for something
/// else never goes on.
std::uint32_t Engine::find_group(const SimThread& self) {
  Warp& warp = warp_of(self);
  std::uint32_t group = 0;
  for (std::uint32_t rest = warp.waiting & self.request.mask; rest != 0; rest &= rest - 1) {
    const SimThread& peer = lane(self, std::countr_zero(rest));
    const bool is_same =
        peer.request.mask == self.request.mask && peer.request.op == self.request.op;
    if (is_same && (warp.latest_group & lane_bit(peer)) != 0) {
      // All of them are alike.
      group |= warp.latest_group;
      rest &= ~warp.latest_group | lane_bit(peer);
    } else if (is_same) {
      group |= lane_bit(peer);
    } else if ((peer.request.mask & lane_bit(self)) != 0) {
      return kMismatch;
    }
  }
  return group;
}

/// Whether every lane of the mask is there now.
bool Engine::join_group(SimThread& self) {
  Warp& warp = warp_of(self);
  std::uint32_t group = find_group(self);
  if (group == kMismatch) {
    fail(self, "lanes that name each other wait in different operations or with different masks");
  }
  self.order = group != 0 ? lane(self, std::countr_zero(group)).order : barrier_variables_.next();
  group |= lane_bit(self);
  warp.latest_group = group;
  warp.waiting |= lane_bit(self);
  return group == self.request.mask;
}

void Engine::finish_exchange(SimThread& last) {
  const std::uint32_t mask = last.request.mask;
  WarpRequests requests{};
  for (std::uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int number = std::countr_zero(rest);
    requests[static_cast<std::size_t>(number)] = &lane(last, number).request;
  }
  const WarpResults results = evaluate(mask, requests);
  for (std::uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int number = std::countr_zero(rest);
    make_ready(lane(last, number), results[static_cast<std::size_t>(number)]);
  }
  warp_of(last).waiting &= ~mask;
  warp_of(last).latest_group = 0;
}

// ---- Fences

void Engine::fence() {
  tsan::acquire(&fence_);
  tsan::release(&fence_);
}

int wait_at_barrier(BarrierResult asked, bool predicate, std::source_location site) {
  return running_engine->wait_at_barrier(asked, predicate, site);
}

std::uint64_t exchange_in_warp(const WarpRequest& request, std::source_location site) {
  return running_engine->exchange_in_warp(request, site);
}

void memory_fence() {
  running_engine->fence();
}

}  // namespace gradvitals::sim
