// SimThread: one CUDA thread of the running block, on a fiber that serves one block after another.
#pragma once

#include <cstdint>
#include <functional>
#include <source_location>
#include <utility>

#include "kernels/sim/cuda_types.h"
#include "kernels/sim/engine.h"
#include "kernels/sim/fiber.h"
#include "kernels/sim/warp_op.h"

namespace gradvitals::sim {

enum class ThreadState : std::uint8_t { kReady, kAtBarrier, kInWarp, kExited };

struct SimThread {
  explicit SimThread(std::function<Fiber&()> body) : fiber(std::move(body)) {}

  /// For the next block.
  void reset(uint3 thread_index) {
    index = thread_index;
    state = ThreadState::kReady;
  }

  Fiber fiber;
  std::uint32_t number = 0;    ///< In the block: its lane is number % 32.
  std::uint32_t position = 0;  ///< In the schedule's order.
  uint3 index{};               ///< threadIdx.
  ThreadState state = ThreadState::kExited;
  bool is_inside_kernel = false;

  // Where it waits, and what for.
  std::source_location site;
  BarrierResult asked = BarrierResult::kNone;
  bool predicate = false;
  WarpRequest request;
  std::uint64_t result = 0;
  void* order = nullptr;  ///< ThreadSanitizer's variable of the __syncwarp that it waits in.
};

}  // namespace gradvitals::sim
