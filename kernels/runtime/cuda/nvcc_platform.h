// What kernels/runtime/cuda/gpu.h stands on where nvcc compiles: CUDA itself.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cuda/atomic>
#include <source_location>

#include "kernels/runtime/device.h"

#define GPU_NAMESPACE cuda
#define GPU_SHARED(type, name, ...) __shared__ type name __VA_ARGS__

namespace gradvitals::cuda::gpu {

inline constexpr DeviceType kDevice = DeviceType::kCuda;

using Queue = cudaStream_t;
using Event = cudaEvent_t;
using Graph = cudaGraphExec_t;

struct LaunchShape {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;
  /// The line that errors name: where the shape is written.
  std::source_location site = std::source_location::current();
};

/// The block's dynamic shared memory, 16-byte aligned. The same memory for every T.
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char gpu_dynamic_shared_bytes[];
  return reinterpret_cast<T*>(gpu_dynamic_shared_bytes);
}

/// Throws CudaError, naming the call, the code and the site, unless `status` is cudaSuccess.
void check(cudaError_t status, const char* call,
           std::source_location site = std::source_location::current());

/// Shared memory that a kernel may use without opting in.
inline constexpr std::size_t kDefaultSharedBytes = 48 * 1024;

/// atomicAdd that releases what the thread wrote before, and acquires what others released so.
__device__ __forceinline__ unsigned fetch_add_acq_rel(unsigned* address, unsigned value) {
  return ::cuda::atomic_ref<unsigned, ::cuda::thread_scope_device>(*address).fetch_add(
      value, ::cuda::memory_order_acq_rel);
}

/// Issues the kernel to the queue and checks that the launch was accepted.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Queue queue,
            Arguments... arguments) {
  if (shape.shared_bytes > kDefaultSharedBytes) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shape.shared_bytes)),
          "cudaFuncSetAttribute", shape.site);
  }
  kernel<<<shape.grid, shape.block, shape.shared_bytes, queue>>>(
      static_cast<Parameters>(arguments)...);
  check(cudaGetLastError(), "kernel launch", shape.site);
}

}  // namespace gradvitals::cuda::gpu
