// The host's side of kernels/runtime/cuda/gpu.h on the CPU. Every call has finished when it returns, but
// for those to a queue that is captured.
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/sim/device_memory.h"
#include "kernels/sim/gpu_model.h"

namespace gradvitals::sim::gpu {

DeviceScope::DeviceScope(int index) : before_(current_device()), index_(index) {
  set_current_device(index_);
}

DeviceScope::~DeviceScope() {
  set_current_device(before_);
}

Queue create_queue() {
  return new WorkQueue(current_device());
}

void destroy_queue(Queue queue) noexcept {
  delete queue;
}

void synchronize(Queue queue) {
  if (queue != nullptr) queue->synchronize();
}

Event create_event() {
  return {};
}

void destroy_event(Event) noexcept {}

void record(Event, Queue) {
  // CUDA records it in the graph, and the event is then no event that a host may ask about.
  refuse_in_capture("cudaEventRecord");
}

bool has_passed(Event) {
  refuse_in_capture("cudaEventQuery");
  return true;
}

void wait(Event) {
  refuse_in_capture("cudaEventSynchronize");
}

void begin_capture(Queue queue) {
  queue->begin_capture();
}

bool is_capturing(Queue queue) {
  return queue != nullptr && queue->is_captured();
}

Graph end_capture(Queue queue) {
  return queue->end_capture();
}

void abandon_capture(Queue queue) noexcept {
  delete queue->end_capture();
}

void launch_graph(Graph graph, Queue queue) {
  for (const std::function<void()>& work : graph->items) issue(queue, work);
}

void destroy_graph(Graph graph) noexcept {
  delete graph;
}

void* allocate(std::int64_t bytes) {
  refuse_in_capture("cudaMalloc");
  return allocate_device_memory(bytes);
}

void deallocate(void* data) noexcept {
  deallocate_device_memory(data);
}

void poison(void* data) noexcept {
  poison_device_memory(data);
}

void unpoison(void* data) noexcept {
  unpoison_device_memory(data);
}

void* allocate_pinned(std::int64_t bytes) {
  refuse_in_capture("cudaMallocHost");
  void* data = std::malloc(static_cast<std::size_t>(bytes));
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

void deallocate_pinned(void* data) noexcept {
  std::free(data);
}

void copy_async(void* destination, const void* source, std::int64_t bytes, Queue queue) {
  issue(queue, [=] {
    const DeviceMemoryAccess access;
    std::memcpy(destination, source, static_cast<std::size_t>(bytes));
  });
}

void zero_async(void* destination, std::int64_t bytes, Queue queue) {
  issue(queue, [=] {
    const DeviceMemoryAccess access;
    std::memset(destination, 0, static_cast<std::size_t>(bytes));
  });
}

int multiprocessor_count() {
  return current_gpu().multiprocessors;
}

}  // namespace gradvitals::sim::gpu
