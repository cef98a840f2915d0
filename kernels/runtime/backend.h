// Backend: what a device implements for Stream, Buffer, Event and Graph. Ops are registered separately
// (kernel_table.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <typeindex>
#include <unordered_map>

#include "kernels/runtime/device.h"
#include "kernels/runtime/memory_use.h"

namespace gradvitals {

/// The implementation of an Event, with the same functions.
class BackendEvent {
 public:
  virtual ~BackendEvent() = default;
  virtual void record() = 0;
  virtual bool has_passed() const = 0;
  virtual void wait() const = 0;
};

/// The implementation of a Graph.
class BackendGraph {
 public:
  virtual ~BackendGraph() = default;
  virtual void launch() = 0;
};

/// One execution queue on one device, and the memory that belongs to it.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual Device device() const = 0;
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

  /// State that kernels keep per queue, one object of each type (such as a library handle): created by
  /// the first call, and destroyed before the queue.
  template <class State>
  State& state() {
    std::shared_ptr<void>& found = states_[typeid(State)];
    if (found == nullptr) found = std::make_shared<State>();
    return *static_cast<State*>(found.get());
  }

 protected:
  void destroy_states() noexcept { states_.clear(); }

 private:
  std::unordered_map<std::type_index, std::shared_ptr<void>> states_;
};

/// The native implementation; `threads` as in Stream::Options.
std::shared_ptr<Backend> make_cpu_backend(int threads);

/// The hand-written kernels on the GPU of this index, on a queue of their own or, with `native`, on
/// the caller's (a cudaStream_t). Throws DeviceError where there is none.
std::shared_ptr<Backend> make_cuda_backend(int index, std::optional<void*> native);

/// Number of simulated devices: more than one, so that tests detect work on the wrong device.
inline constexpr int kSimDevices = 2;

/// Registers the simulator, a separate library (kernels/sim), as device `sim`:
///   const SimDevice registered(make_sim_backend);
class SimDevice {
 public:
  using Factory = std::shared_ptr<Backend> (*)(int index, std::optional<void*> native);
  explicit SimDevice(Factory make);

  /// Null if the program was linked without the simulator.
  static Factory factory();
};

}  // namespace gradvitals
