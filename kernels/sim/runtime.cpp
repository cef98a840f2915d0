// The host's side of kernels/cuda/gpu.h on the CPU. Every call has finished when it returns.
#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels/cuda/gpu.h"
#include "kernels/sim/device_memory.h"

namespace gradvitals::sim::gpu {

Queue create_queue() {
  return {};
}

void destroy_queue(Queue) noexcept {}

void synchronize(Queue) {}

void* allocate(std::int64_t bytes) {
  return allocate_device_memory(bytes);
}

void deallocate(void* data) noexcept {
  deallocate_device_memory(data);
}

void* allocate_pinned(std::int64_t bytes) {
  void* data = std::malloc(static_cast<std::size_t>(bytes));
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

void deallocate_pinned(void* data) noexcept {
  std::free(data);
}

void copy_async(void* destination, const void* source, std::int64_t bytes, Queue) {
  const DeviceMemoryAccess access;
  std::memcpy(destination, source, static_cast<std::size_t>(bytes));
}

void zero_async(void* destination, std::int64_t bytes, Queue) {
  const DeviceMemoryAccess access;
  std::memset(destination, 0, static_cast<std::size_t>(bytes));
}

int multiprocessor_count() {
  constexpr int kFew = 4;  // Several blocks in a persistent grid, and tests that end soon.
  return kFew;
}

}  // namespace gradvitals::sim::gpu
