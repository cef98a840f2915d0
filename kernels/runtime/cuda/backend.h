// GpuBackend: the hand-written kernels, as device `cuda` where nvcc compiled them and as device
// `sim` where the host compiler did.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "kernels/runtime/backend.h"
#include "kernels/runtime/caching_allocator.h"
#include "kernels/runtime/cuda/block_reduce.cuh"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

/// One queue of kernels and its memory. A freed block returns to the cache while kernels that use it may
/// still be queued: the kernels of its next owner run after them.
class GpuBackend final : public Backend, public std::enable_shared_from_this<GpuBackend> {
 public:
  static constexpr DeviceType kDevice = gpu::kDevice;

  /// Makes the backend's GPU the calling thread's while it lives.
  class Scope {
   public:
    explicit Scope(const GpuBackend& backend) : scope_(backend.index_) {}

   private:
    gpu::DeviceScope scope_;
  };

  /// On the GPU of this index. `native` is a queue of it that the caller owns, and that outlives this;
  /// without, the backend has its own.
  explicit GpuBackend(int index, std::optional<gpu::Queue> native = std::nullopt);
  ~GpuBackend() override;
  GpuBackend(const GpuBackend&) = delete;
  GpuBackend& operator=(const GpuBackend&) = delete;

  gpu::Queue queue() const { return queue_; }
  /// Scratch memory of grid_sum(), for the one kernel of the queue that runs at a time.
  const GridSum& grid_sum_memory() const { return grid_sum_; }

  Device device() const override { return {kDevice, index_}; }
  int threads() const override { return 1; }  // The host's; a kernel has its own.
  void synchronize() override;
  std::unique_ptr<BackendEvent> make_event() override;
  bool can_capture() const override { return true; }
  std::unique_ptr<BackendGraph> capture(const std::function<void()>& issue) override;

  MemoryUse memory() const override { return memory_.use(); }
  void* allocate(std::int64_t bytes) override;
  void deallocate(void* data, std::int64_t bytes) noexcept override;
  void* allocate_host(std::int64_t bytes) override;
  void deallocate_host(void* data, std::int64_t bytes) noexcept override;
  void copy_to_device(const void* source, std::int64_t bytes, void* destination) override;
  void copy_to_host(const void* source, std::int64_t bytes, void* destination) override;
  void copy_to_host_async(const void* source, std::int64_t bytes, void* destination) override;
  void fill_zero(void* destination, std::int64_t bytes) override;

 private:
  friend class GpuGraph;

  /// Destroys an own queue with the backend, also if its constructor throws.
  class HeldQueue {
   public:
    HeldQueue(int index, std::optional<gpu::Queue> native);
    ~HeldQueue();
    HeldQueue(const HeldQueue&) = delete;
    HeldQueue& operator=(const HeldQueue&) = delete;

    gpu::Queue queue() const { return queue_; }

   private:
    int index_;
    bool is_owned_;
    gpu::Queue queue_;
  };

  int index_;
  HeldQueue held_queue_;
  gpu::Queue queue_;
  CachingAllocator memory_;
  GridSum grid_sum_;
};

}  // namespace gradvitals::GPU_NAMESPACE
