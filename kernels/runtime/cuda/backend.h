// GpuBackend: the hand-written kernels, as device `cuda` where nvcc compiled them and as device
// `sim` where the host compiler did.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/runtime/backend.h"
#include "kernels/runtime/caching_allocator.h"
#include "kernels/runtime/cuda/block_reduce.cuh"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

/// One queue of kernels and the memory that belongs to it. Blocks return to the cache while kernels
/// that use them may still wait in the queue: the next owner's kernels wait behind them.
class GpuBackend final : public Backend, public std::enable_shared_from_this<GpuBackend> {
 public:
  static constexpr DeviceType kDevice = gpu::kDevice;

  GpuBackend();
  ~GpuBackend() override;
  GpuBackend(const GpuBackend&) = delete;
  GpuBackend& operator=(const GpuBackend&) = delete;

  gpu::Queue queue() const { return queue_; }
  /// For whichever kernel runs: there is one at a time in a queue.
  const GridSum& grid_sum_memory() const { return grid_sum_; }

  DeviceType device() const override { return kDevice; }
  int threads() const override { return 1; }  // The host's; a kernel has its own.
  void synchronize() override;
  std::unique_ptr<BackendEvent> make_event() override;
  bool can_capture() const override { return true; }
  std::unique_ptr<BackendGraph> capture(const std::function<void()>& issue) override;

  MemoryUse memory() const override { return memory_.use(); }
  void* allocate(std::int64_t bytes) override { return memory_.allocate(bytes); }
  void deallocate(void* data, std::int64_t bytes) noexcept override {
    memory_.deallocate(data, bytes);
  }
  void* allocate_host(std::int64_t bytes) override { return gpu::allocate_pinned(bytes); }
  void deallocate_host(void* data, std::int64_t bytes) noexcept override;
  void copy_to_device(const void* source, std::int64_t bytes, void* destination) override;
  void copy_to_host(const void* source, std::int64_t bytes, void* destination) override;
  void copy_to_host_async(const void* source, std::int64_t bytes, void* destination) override;
  void fill_zero(void* destination, std::int64_t bytes) override;

 private:
  friend class GpuGraph;

  /// Ends with the backend, however far that came into being.
  struct OwnedQueue {
    gpu::Queue queue = gpu::create_queue();

    OwnedQueue() = default;
    ~OwnedQueue() { gpu::destroy_queue(queue); }
    OwnedQueue(const OwnedQueue&) = delete;
    OwnedQueue& operator=(const OwnedQueue&) = delete;
  };

  OwnedQueue owned_queue_;
  gpu::Queue queue_ = owned_queue_.queue;
  CachingAllocator memory_;
  GridSum grid_sum_;
};

}  // namespace gradvitals::GPU_NAMESPACE
