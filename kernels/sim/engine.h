// The engine: runs a CUDA kernel on the CPU, one fiber per CUDA thread. Blocks run one after
// another; in a block one thread runs until it has to wait for others, then the next one that can
// go on, in the order of the schedule (schedule.h). Kernels reach it through cuda_*.h and
// platform.h.
//
// What it reports:
//   KernelFault          a barrier or warp operation that not all of the threads it names reach,
//                        with the file:line where each group of threads stands
//   NaN in the results   shared memory read before it was written, a shuffle from a lane outside
//                        of the mask: both give 0xFF bytes
//   other bits           a missing barrier, where results are compared over schedules
//   AddressSanitizer     an access outside of a device or shared array (each is a heap block of
//                        exact size), host code that touches device memory
//   UndefinedBehavior..  a misaligned vector load
//   ThreadSanitizer      any data race: each CUDA thread is one of its threads
//
// Limits:
//   - Nothing is preempted: a thread that spins until another thread or block stores something
//     never ends. Give tests a time limit.
//   - No cooperative groups, wgmma, TMA, textures, or streams that overlap; no __shared__, but
//     GPU_SHARED; float16 and bfloat16 as bits.
//   - Registers and local memory are ptxas's to judge; shared memory is checked against 48 KB
//     static and 163 KB in all, block and grid against CUDA's limits.
//   - An exited thread is an error at a barrier or in a mask, where some GPUs are lenient.
//   - ThreadSanitizer: threads of the same number in blocks k and k + 2 count as one, so that a
//     race between blocks is seen between neighbours. A fence orders as in one sequence of all
//     fences.
//   - g++ compiles the arithmetic: no fused multiply-add that is not written, as nvcc with
//     -fmad=false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>

#include "kernels/runtime/error.h"
#include "kernels/sim/cuda_types.h"
#include "kernels/sim/warp_op.h"

namespace gradvitals::sim {

/// A kernel that breaks CUDA's rules: what() names the launch, the block, and where each group of
/// threads stands.
class KernelFault : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

struct LaunchShape {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;
  /// The line that errors name: where the shape is written.
  std::source_location site = std::source_location::current();
};

/// Runs `thread_body` once per thread of the grid, and returns when all have ended. Throws
/// CudaError for a shape that no GPU accepts, KernelFault, or whatever the body throws.
void run_grid(const LaunchShape& shape, const std::function<void()>& thread_body);

// The rest is for kernels: it may be called by a thread of a running grid alone.

enum class BarrierResult : std::uint8_t { kNone, kCount, kAnd, kOr };

/// Waits until every thread of the block has arrived, and returns the reduction of their predicates.
int wait_at_barrier(BarrierResult asked, bool predicate, std::source_location site);

/// Waits until every lane of the mask has arrived, and returns this lane's result.
std::uint64_t exchange_in_warp(const WarpRequest& request, std::source_location site);

/// Orders this thread's accesses before and after it, for threads that pass fences as well.
void memory_fence();

/// The block's shared array of that key: exact size, created on first use and filled with 0xFF.
void* shared_array(const void* key, std::size_t bytes);

/// LaunchShape::shared_bytes of them, filled with 0xFF; null where that is 0.
void* dynamic_shared_memory();

}  // namespace gradvitals::sim
