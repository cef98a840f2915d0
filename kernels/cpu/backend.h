// CpuBackend: the native implementation. Each op's methods are defined in cpu/<op>.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/backend.h"
#include "kernels/caching_allocator.h"
#include "kernels/cpu/host_memory.h"
#include "kernels/cpu/thread_pool.h"

namespace gradvitals {

class CpuBackend final : public Backend {
 public:
  /// `threads` >= 1, the caller included.
  explicit CpuBackend(int threads) : pool_(threads) {}

  DeviceType device() const override { return DeviceType::kCpu; }
  int threads() const override { return pool_.threads(); }
  void synchronize() override {}  // Ops have finished when their calls return.
  std::unique_ptr<BackendEvent> make_event() override;
  bool can_capture() const override { return false; }
  std::unique_ptr<BackendGraph> capture(const std::function<void()>& issue) override;

  MemoryUse memory() const override { return memory_.use(); }
  void* allocate(std::int64_t bytes) override { return memory_.allocate(bytes); }
  void deallocate(void* data, std::int64_t bytes) noexcept override {
    memory_.deallocate(data, bytes);
  }
  // What the device copies to is memory like any other.
  void* allocate_host(std::int64_t bytes) override { return allocate(bytes); }
  void deallocate_host(void* data, std::int64_t bytes) noexcept override {
    deallocate(data, bytes);
  }
  void copy_to_device(const void* source, std::int64_t bytes, void* destination) override;
  void copy_to_host(const void* source, std::int64_t bytes, void* destination) override;
  void copy_to_host_async(const void* source, std::int64_t bytes, void* destination) override {
    copy_to_host(source, bytes, destination);
  }
  void fill_zero(void* destination, std::int64_t bytes) override;

  void gemm(const Gemm<float>& op) override;
  void gemm(const Gemm<double>& op) override;
  void dense_forward(const DenseForward<float>& op) override;
  void dense_forward(const DenseForward<double>& op) override;
  void dense_backward(const DenseBackward<float>& op) override;
  void dense_backward(const DenseBackward<double>& op) override;
  void activation_forward(const ActivationForward<float>& op) override;
  void activation_forward(const ActivationForward<double>& op) override;
  void activation_backward(const ActivationBackward<float>& op) override;
  void activation_backward(const ActivationBackward<double>& op) override;
  void add(const Add<float>& op) override;
  void add(const Add<double>& op) override;
  void multiply(const Multiply<float>& op) override;
  void multiply(const Multiply<double>& op) override;
  void loss_forward(const LossForward<float>& op) override;
  void loss_forward(const LossForward<double>& op) override;
  void loss_backward(const LossBackward<float>& op) override;
  void loss_backward(const LossBackward<double>& op) override;
  void sgd_update(const SgdUpdate<float>& op) override;
  void sgd_update(const SgdUpdate<double>& op) override;
  void momentum_update(const MomentumUpdate<float>& op) override;
  void momentum_update(const MomentumUpdate<double>& op) override;
  void adam_update(const AdamUpdate<float>& op) override;
  void adam_update(const AdamUpdate<double>& op) override;
  void fill_bits(const FillBits& op) override;
  void fill_uniform(const FillUniform<float>& op) override;
  void fill_uniform(const FillUniform<double>& op) override;
  void fill_normal(const FillNormal<float>& op) override;
  void fill_normal(const FillNormal<double>& op) override;
  void tensor_stats(const TensorStatsTable& table, const VectorView<TensorStats>& out,
                    Buffer& workspace) override;
  void unit_stats(const UnitStats& op) override;
  void slice_stats(const SliceStats& op) override;

 private:
  ThreadPool pool_;
  CachingAllocator memory_{std::make_unique<HostMemory>(), HostMemory::kMaxCachedBytes};
};

}  // namespace gradvitals
