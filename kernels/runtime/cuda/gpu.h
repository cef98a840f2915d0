// The border between the kernels and what they run on: a GPU where nvcc compiles them, the CPU
// where g++ does (kernels/sim). Kernel files include no other platform header.
//
//   namespace gradvitals::GPU_NAMESPACE {            // cuda or sim: both link into one program
//   __global__ void scale_kernel(std::int64_t count, float factor, float* x) {
//     GPU_SHARED(float, tile, [16][17]);             // __shared__ float tile[16][17]
//     float* scratch = gpu::dynamic_shared<float>(); // LaunchShape::shared_bytes of them
//     ...
//   }
//   void scale(gpu::Queue queue, std::int64_t count, float factor, float* x) {
//     gpu::launch(scale_kernel, {.grid = 8, .block = 256}, queue, count, factor, x);
//   }
//   }
//
// The platform defines GPU_NAMESPACE, GPU_SHARED and, in GPU_NAMESPACE::gpu, Queue, Event, Graph,
// LaunchShape, dynamic_shared(), fetch_add_acq_rel() and launch(). The rest of CUDA's surface is
// CUDA's own under nvcc and kernels/sim/cuda_*.h under g++.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/runtime/host_device.h"

#include GRADVITALS_GPU_PLATFORM

/// The host's side, with the same names in both builds. A failed CUDA call throws CudaError with
/// the call, the code and file:line.
namespace gradvitals::GPU_NAMESPACE::gpu {

/// Sets the calling thread's GPU (cudaSetDevice) while it lives, and restores the previous one.
class DeviceScope {
 public:
  explicit DeviceScope(int index);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int before_ = 0;
  int index_ = 0;
};

/// A new queue on the calling thread's GPU, which must be current whenever work is issued to it. Under
/// sim all work has finished when the call returns.
Queue create_queue();
void destroy_queue(Queue queue) noexcept;

/// Waits for everything issued to the queue, and throws its errors.
void synchronize(Queue queue);

/// An event in a queue: it has passed when all work issued before record() has finished. An event that
/// was never recorded has passed.
Event create_event();
void destroy_event(Event event) noexcept;
void record(Event event, Queue queue);
bool has_passed(Event event);
void wait(Event event);

/// Begins capture: work issued to the queue is recorded instead of run. Until it ends, waiting for the
/// queue and allocating device memory throw CudaError.
void begin_capture(Queue queue);
bool is_capturing(Queue queue);
/// Ends capture; every launch of the graph runs the recorded work.
Graph end_capture(Queue queue);
/// Discards a capture that failed.
void abandon_capture(Queue queue) noexcept;
void launch_graph(Graph graph, Queue queue);
void destroy_graph(Graph graph) noexcept;

/// Device memory, 256-byte aligned, uninitialised; `bytes` > 0. Throws OutOfMemoryError. Under sim
/// the block has exactly this size, every byte is 0xFF (NaN in every float type), and
/// AddressSanitizer reports a host access.
void* allocate(std::int64_t bytes);
void deallocate(void* data) noexcept;

/// Marks a free block of a caching allocator: under sim any access before unpoison() is an error, and
/// after it the block is as new from allocate(). Neither does anything on a GPU.
void poison(void* data) noexcept;
void unpoison(void* data) noexcept;

/// Host memory that copies asynchronously; `bytes` > 0.
void* allocate_pinned(std::int64_t bytes);
void deallocate_pinned(void* data) noexcept;

/// Either side may be host or device memory. A copy to or from pageable host memory has read or
/// written it on return; pinned memory is busy until the queue is synchronised.
void copy_async(void* destination, const void* source, std::int64_t bytes, Queue queue);
void zero_async(void* destination, std::int64_t bytes, Queue queue);

/// Number of streaming multiprocessors, which sizes persistent grids.
int multiprocessor_count();

}  // namespace gradvitals::GPU_NAMESPACE::gpu
