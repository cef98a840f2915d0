// GpuBackend: the hand-written kernels, as device `cuda` where nvcc compiled them and as device
// `sim` where the host compiler did. Each op's methods are defined in cuda/<op>.cu.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "kernels/backend.h"
#include "kernels/caching_allocator.h"
#include "kernels/cuda/block_reduce.cuh"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/gemm_ladder.h"
#include "kernels/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

/// One queue of kernels and the memory that belongs to it. Blocks return to the cache while kernels
/// that use them may still wait in the queue: the next owner's kernels wait behind them.
class GpuBackend final : public Backend,
                         public GemmLadder,
                         public std::enable_shared_from_this<GpuBackend> {
 public:
  explicit GpuBackend(DeviceType device);
  ~GpuBackend() override;
  GpuBackend(const GpuBackend&) = delete;
  GpuBackend& operator=(const GpuBackend&) = delete;

  gpu::Queue queue() const { return queue_; }
  /// Who multiplies from here on, on queue(), instead of the hand-written kernels.
  void set_gemm_library(std::unique_ptr<GemmLibrary> library) { library_ = std::move(library); }

  DeviceType device() const override { return device_; }
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

  // What computes in float64 on cpu alone stays refused, and visible.
  using Backend::activation_backward;
  using Backend::activation_forward;
  using Backend::adam_update;
  using Backend::add;
  using Backend::dense_backward;
  using Backend::dense_forward;
  using Backend::fill_normal;
  using Backend::fill_uniform;
  using Backend::gemm;
  using Backend::loss_backward;
  using Backend::loss_forward;
  using Backend::momentum_update;
  using Backend::multiply;
  using Backend::sgd_update;

  void gemm(const Gemm<float>& op) override;
  void gemm_by(GemmAlgorithm algorithm, const Gemm<float>& op) override;
  void dense_forward(const DenseForward<float>& op) override;
  void dense_backward(const DenseBackward<float>& op) override;
  void activation_forward(const ActivationForward<float>& op) override;
  void activation_backward(const ActivationBackward<float>& op) override;
  void add(const Add<float>& op) override;
  void multiply(const Multiply<float>& op) override;
  void loss_forward(const LossForward<float>& op) override;
  void loss_backward(const LossBackward<float>& op) override;
  void sgd_update(const SgdUpdate<float>& op) override;
  void momentum_update(const MomentumUpdate<float>& op) override;
  void adam_update(const AdamUpdate<float>& op) override;
  void fill_bits(const FillBits& op) override;
  void fill_uniform(const FillUniform<float>& op) override;
  void fill_normal(const FillNormal<float>& op) override;
  void tensor_stats(const TensorStatsTable& table, const VectorView<TensorStats>& out,
                    Buffer& workspace) override;
  void unit_stats(const UnitStats& op) override;
  void slice_stats(const SliceStats& op) override;

 private:
  friend class GpuGraph;

  /// Of gemm and dense: by the library where there is one.
  void run(const Product& product);

  /// Ends with the backend, however far that came into being.
  struct OwnedQueue {
    gpu::Queue queue = gpu::create_queue();

    OwnedQueue() = default;
    ~OwnedQueue() { gpu::destroy_queue(queue); }
    OwnedQueue(const OwnedQueue&) = delete;
    OwnedQueue& operator=(const OwnedQueue&) = delete;
  };

  DeviceType device_;
  OwnedQueue owned_queue_;
  gpu::Queue queue_ = owned_queue_.queue;
  CachingAllocator memory_;
  GridSum grid_sum_;  ///< Of whichever kernel runs: there is one at a time in a queue.
  std::unique_ptr<GemmLibrary> library_;  ///< Null: the hand-written kernels multiply.
};

/// A backend with a queue of its own. `device` names the build that this is.
std::shared_ptr<GpuBackend> make_backend(DeviceType device);

}  // namespace gradvitals::GPU_NAMESPACE
