// Backend: what a device implements. Arguments were checked by the contract functions (gemm.h, ...)
// before they arrive here; call those, not these.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/activation.h"
#include "kernels/dense.h"
#include "kernels/device.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/loss.h"
#include "kernels/memory_use.h"
#include "kernels/optimizer.h"
#include "kernels/random.h"
#include "kernels/slice_stats.h"
#include "kernels/stream.h"
#include "kernels/tensor_stats.h"
#include "kernels/unit_stats.h"

namespace gradvitals {

/// What stands behind an Event; the functions are Event's own.
class BackendEvent {
 public:
  virtual ~BackendEvent() = default;
  virtual void record() = 0;
  virtual bool has_passed() const = 0;
  virtual void wait() const = 0;
};

/// What stands behind a Graph.
class BackendGraph {
 public:
  virtual ~BackendGraph() = default;
  virtual void launch() = 0;
};

/// One execution queue on one device. Float64 ops exist on the cpu device only: the others inherit
/// versions that throw std::invalid_argument.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual DeviceType device() const = 0;
  virtual int threads() const = 0;
  virtual void synchronize() = 0;
  virtual std::unique_ptr<BackendEvent> make_event() = 0;
  virtual bool can_capture() const = 0;
  virtual std::unique_ptr<BackendGraph> capture(const std::function<void()>& issue) = 0;

  virtual MemoryUse memory() const = 0;
  virtual void* allocate(std::int64_t bytes) = 0;
  virtual void deallocate(void* data, std::int64_t bytes) noexcept = 0;
  virtual void* allocate_host(std::int64_t bytes) = 0;
  virtual void deallocate_host(void* data, std::int64_t bytes) noexcept = 0;
  virtual void copy_to_device(const void* source, std::int64_t bytes, void* destination) = 0;
  virtual void copy_to_host(const void* source, std::int64_t bytes, void* destination) = 0;
  virtual void copy_to_host_async(const void* source, std::int64_t bytes, void* destination) = 0;
  virtual void fill_zero(void* destination, std::int64_t bytes) = 0;

  virtual void gemm(const Gemm<float>& op) = 0;
  virtual void gemm(const Gemm<double>& op);
  virtual void dense_forward(const DenseForward<float>& op) = 0;
  virtual void dense_forward(const DenseForward<double>& op);
  virtual void dense_backward(const DenseBackward<float>& op) = 0;
  virtual void dense_backward(const DenseBackward<double>& op);
  virtual void activation_forward(const ActivationForward<float>& op) = 0;
  virtual void activation_forward(const ActivationForward<double>& op);
  virtual void activation_backward(const ActivationBackward<float>& op) = 0;
  virtual void activation_backward(const ActivationBackward<double>& op);
  virtual void add(const Add<float>& op) = 0;
  virtual void add(const Add<double>& op);
  virtual void multiply(const Multiply<float>& op) = 0;
  virtual void multiply(const Multiply<double>& op);
  virtual void loss_forward(const LossForward<float>& op) = 0;
  virtual void loss_forward(const LossForward<double>& op);
  virtual void loss_backward(const LossBackward<float>& op) = 0;
  virtual void loss_backward(const LossBackward<double>& op);
  virtual void sgd_update(const SgdUpdate<float>& op) = 0;
  virtual void sgd_update(const SgdUpdate<double>& op);
  virtual void momentum_update(const MomentumUpdate<float>& op) = 0;
  virtual void momentum_update(const MomentumUpdate<double>& op);
  virtual void adam_update(const AdamUpdate<float>& op) = 0;
  virtual void adam_update(const AdamUpdate<double>& op);
  virtual void fill_bits(const FillBits& op) = 0;
  virtual void fill_uniform(const FillUniform<float>& op) = 0;
  virtual void fill_uniform(const FillUniform<double>& op);
  virtual void fill_normal(const FillNormal<float>& op) = 0;
  virtual void fill_normal(const FillNormal<double>& op);
  virtual void tensor_stats(const TensorStatsTable& table, const VectorView<TensorStats>& out,
                            Buffer& workspace) = 0;
  virtual void unit_stats(const UnitStats& op) = 0;
  virtual void slice_stats(const SliceStats& op) = 0;
};

/// The native implementation; `threads` as in Stream::Options.
std::shared_ptr<Backend> make_cpu_backend(int threads);

/// The hand-written kernels on the calling thread's current GPU, the first one unless the program
/// chose another, and products by `gemm`. Throws DeviceError where
/// there is none, or no such library.
std::shared_ptr<Backend> make_cuda_backend(GemmProvider gemm);

/// The same kernels on the CPU, one fiber per CUDA thread.
std::shared_ptr<Backend> make_sim_backend();

}  // namespace gradvitals
