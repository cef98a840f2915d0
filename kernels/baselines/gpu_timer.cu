// The time between two marks in a queue, by CUDA events.
#include "kernels/baselines/gpu_timer.h"

#include <cuda_runtime.h>

#include "kernels/baselines/queue_of.h"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::baselines {
namespace {

struct DestroyEvent {
  void operator()(cudaEvent_t event) const noexcept { static_cast<void>(cudaEventDestroy(event)); }
};
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, DestroyEvent>;

Event make_event() {
  cudaEvent_t event = nullptr;
  cuda::gpu::check(cudaEventCreate(&event), "cudaEventCreate");
  return Event(event);
}

}  // namespace

struct GpuTimer::Events {
  Stream stream;
  cuda::gpu::Queue queue;  // stream's
  Event begin = make_event();
  Event end = make_event();
};

GpuTimer::GpuTimer(Stream& stream)
    : events_(new Events{.stream = stream, .queue = cuda::queue_of(stream, "GpuTimer")}) {}
GpuTimer::~GpuTimer() = default;
GpuTimer::GpuTimer(GpuTimer&&) noexcept = default;
GpuTimer& GpuTimer::operator=(GpuTimer&&) noexcept = default;

void GpuTimer::start() {
  cuda::gpu::check(cudaEventRecord(events_->begin.get(), events_->queue), "cudaEventRecord");
}

double GpuTimer::seconds() {
  const cudaEvent_t end = events_->end.get();
  cuda::gpu::check(cudaEventRecord(end, events_->queue), "cudaEventRecord");
  cuda::gpu::check(cudaEventSynchronize(end), "cudaEventSynchronize");
  float milliseconds = 0.0f;
  cuda::gpu::check(cudaEventElapsedTime(&milliseconds, events_->begin.get(), end),
                   "cudaEventElapsedTime");
  return 1e-3 * static_cast<double>(milliseconds);
}

std::int64_t l2_cache_bytes() {
  int device = 0;
  cuda::gpu::check(cudaGetDevice(&device), "cudaGetDevice");
  int bytes = 0;
  cuda::gpu::check(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device),
                   "cudaDeviceGetAttribute");
  return bytes;
}

}  // namespace gradvitals::baselines
