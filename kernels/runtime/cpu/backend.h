// CpuBackend: the native implementation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/runtime/backend.h"
#include "kernels/runtime/caching_allocator.h"
#include "kernels/runtime/cpu/host_memory.h"
#include "kernels/runtime/cpu/thread_pool.h"

namespace gradvitals {

class CpuBackend final : public Backend {
 public:
  static constexpr DeviceType kDevice = DeviceType::kCpu;

  /// There is one CPU: nothing to choose.
  struct Scope {
    explicit Scope(const CpuBackend& /*backend*/) {}
  };

  /// `threads` >= 1, the caller included.
  explicit CpuBackend(int threads) : pool_(threads) {}

  /// What kernels split their work over.
  ThreadPool& pool() { return pool_; }

  Device device() const override { return kDevice; }
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

 private:
  ThreadPool pool_;
  CachingAllocator memory_{std::make_unique<HostMemory>(), HostMemory::kMaxCachedBytes};
};

}  // namespace gradvitals
