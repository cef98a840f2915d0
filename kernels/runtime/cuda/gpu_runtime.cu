// The host side of gpu.h on a GPU: the CUDA runtime. sim/runtime.cpp has the same functions for `sim`.
// After an allocation that failed for want of memory the next call is fine.
#include <cuda_runtime.h>

#include <string>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/error.h"

namespace gradvitals::cuda::gpu {

void check(cudaError_t status, const char* call, std::source_location site) {
  if (status == cudaSuccess) return;
  // CUDA keeps the last error of a thread, and the next launch would be taken for the culprit.
  static_cast<void>(cudaGetLastError());
  throw CudaError(std::string(call) + ": " + cudaGetErrorName(status) + " (" +
                  std::to_string(static_cast<int>(status)) + "), " + cudaGetErrorString(status) +
                  ", at " + site.file_name() + ":" + std::to_string(site.line()));
}

DeviceScope::DeviceScope(int index) : index_(index) {
  check(cudaGetDevice(&before_), "cudaGetDevice");
  if (before_ != index_) check(cudaSetDevice(index_), "cudaSetDevice");
}

DeviceScope::~DeviceScope() {
  // It was the thread's before, so that there is nothing to fail.
  if (before_ != index_) static_cast<void>(cudaSetDevice(before_));
}

Queue create_queue() {
  Queue queue = nullptr;
  check(cudaStreamCreateWithFlags(&queue, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return queue;
}

void destroy_queue(Queue queue) noexcept {
  // A failure here is an earlier one, which synchronize() or the next launch reports.
  static_cast<void>(cudaStreamDestroy(queue));
}

void synchronize(Queue queue) {
  check(cudaStreamSynchronize(queue), "cudaStreamSynchronize");
}

Event create_event() {
  Event event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  return event;
}

void destroy_event(Event event) noexcept {
  static_cast<void>(cudaEventDestroy(event));
}

void record(Event event, Queue queue) {
  check(cudaEventRecord(event, queue), "cudaEventRecord");
}

bool has_passed(Event event) {
  const cudaError_t status = cudaEventQuery(event);
  if (status == cudaErrorNotReady) {
    static_cast<void>(cudaGetLastError());  // As in check(): it is no error.
    return false;
  }
  check(status, "cudaEventQuery");
  return true;
}

void wait(Event event) {
  check(cudaEventSynchronize(event), "cudaEventSynchronize");
}

void begin_capture(Queue queue) {
  // Of this thread alone: others may go on allocating.
  check(cudaStreamBeginCapture(queue, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
}

bool is_capturing(Queue queue) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(queue, &status), "cudaStreamIsCapturing");
  return status != cudaStreamCaptureStatusNone;
}

Graph end_capture(Queue queue) {
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(queue, &graph), "cudaStreamEndCapture");
  Graph executable = nullptr;
  const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  static_cast<void>(cudaGraphDestroy(graph));
  check(status, "cudaGraphInstantiate");
  return executable;
}

void abandon_capture(Queue queue) noexcept {
  cudaGraph_t graph = nullptr;
  // What went wrong is on its way to the caller already; the queue is usable again after this.
  static_cast<void>(cudaStreamEndCapture(queue, &graph));
  if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
  static_cast<void>(cudaGetLastError());
}

void launch_graph(Graph graph, Queue queue) {
  check(cudaGraphLaunch(graph, queue), "cudaGraphLaunch");
}

void destroy_graph(Graph graph) noexcept {
  static_cast<void>(cudaGraphExecDestroy(graph));
}

void* allocate(std::int64_t bytes) {
  void* data = nullptr;
  const cudaError_t status = cudaMalloc(&data, static_cast<std::size_t>(bytes));
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());  // As in check(): the next launch is fine.
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
    throw OutOfMemoryError({.requested_bytes = bytes,
                            .free_bytes = static_cast<std::int64_t>(free_bytes),
                            .total_bytes = static_cast<std::int64_t>(total_bytes)});
  }
  check(status, "cudaMalloc");
  return data;
}

void deallocate(void* data) noexcept {
  static_cast<void>(cudaFree(data));
}

void poison(void*) noexcept {}
void unpoison(void*) noexcept {}

void* allocate_pinned(std::int64_t bytes) {
  void* data = nullptr;
  check(cudaMallocHost(&data, static_cast<std::size_t>(bytes)), "cudaMallocHost");
  return data;
}

void deallocate_pinned(void* data) noexcept {
  static_cast<void>(cudaFreeHost(data));
}

void copy_async(void* destination, const void* source, std::int64_t bytes, Queue queue) {
  check(cudaMemcpyAsync(destination, source, static_cast<std::size_t>(bytes), cudaMemcpyDefault,
                        queue),
        "cudaMemcpyAsync");
}

void zero_async(void* destination, std::int64_t bytes, Queue queue) {
  check(cudaMemsetAsync(destination, 0, static_cast<std::size_t>(bytes), queue), "cudaMemsetAsync");
}

int multiprocessor_count() {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  int count = 0;
  check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device),
        "cudaDeviceGetAttribute");
  return count;
}

}  // namespace gradvitals::cuda::gpu
