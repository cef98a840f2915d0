// What kernels/runtime/cuda/gpu.h stands on where g++ compiles: CUDA's surface over the engine (engine.h).
#pragma once

#include <cstddef>
#include <source_location>
#include <tuple>

#include "kernels/runtime/device.h"
#include "kernels/sim/cuda_atomics.h"
#include "kernels/sim/cuda_math.h"
#include "kernels/sim/cuda_sync.h"
#include "kernels/sim/cuda_types.h"
#include "kernels/sim/engine.h"
#include "kernels/sim/launch_limits.h"
#include "kernels/sim/queue.h"

#define GPU_NAMESPACE sim

// A static variable identifies this declaration: its address is the key of the block's shared array.
#define GPU_SHARED(type, name, ...)                             \
  static char gpu_key_of_##name;                                \
  using gpu_type_of_##name = type __VA_ARGS__;                  \
  gpu_type_of_##name& name = *static_cast<gpu_type_of_##name*>( \
      ::gradvitals::sim::shared_array(&gpu_key_of_##name, sizeof(gpu_type_of_##name)))

namespace gradvitals::sim::gpu {

inline constexpr DeviceType kDevice = DeviceType::kSim;

/// Work has finished when its call returns, unless the queue is captured.
using Queue = WorkQueue*;
/// Events carry no state: earlier work has always finished.
enum class Event : unsigned char {};
using Graph = CapturedWork*;

using sim::LaunchShape;

/// The block's dynamic shared memory, null where the launch gave none.
template <class T>
T* dynamic_shared() {
  return static_cast<T*>(dynamic_shared_memory());
}

/// atomicAdd that releases what the thread wrote before, and acquires what others released so.
inline unsigned fetch_add_acq_rel(unsigned* address, unsigned value) {
  __threadfence();
  const unsigned before = atomicAdd(address, value);
  __threadfence();
  return before;
}

/// Runs the kernel to its end. Throws CudaError for a shape that no GPU accepts, KernelFault for a
/// kernel that breaks CUDA's rules.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Queue queue,
            Arguments... arguments) {
  check_launch(shape);
  if (queue != nullptr) queue->check_current();
  issue(queue,
        [kernel, shape, values = std::tuple<Parameters...>{static_cast<Parameters>(arguments)...}] {
          run_grid(shape, [&] { std::apply(kernel, values); });
        });
}

}  // namespace gradvitals::sim::gpu
