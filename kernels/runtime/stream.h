// Stream: an ordered queue of kernels on one device.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "kernels/runtime/device.h"
#include "kernels/runtime/memory_use.h"

namespace gradvitals {

class Backend;

/// An ordered queue of work on one device: every op takes the stream it runs on as its first
/// argument, and ops on one stream run in the order they were issued. On the cpu device an op has
/// finished when its call returns.
///
/// A handle: copies name the same queue, which lives as long as any of them and as anything that
/// was made on it. Keep a copy to use a stream later.
class Stream {
 public:
  struct Options {
    Device device;
    /// Worker threads of the cpu device; 0 means one per core. Results may differ in the last bit
    /// between thread counts, never between runs with the same one.
    int threads = 0;
  };

  /// Throws DeviceError, with the reason, where the device cannot be used, and std::invalid_argument
  /// for a negative number of threads.
  explicit Stream(const Options& options);
  Stream() : Stream(Options{}) {}

  /// Wraps a queue without owning it: `native` is a cudaStream_t of the GPU, null for its default stream,
  /// or for device sim a sim::WorkQueue*. It must outlive the stream, its copies and all that is made
  /// on them. Work is ordered behind what was issued to it before. Throws DeviceError as above, and
  /// std::invalid_argument for device cpu, which has no queue.
  static Stream wrap(const Device& device, void* native);

  ~Stream() = default;
  // No moves: to move a handle is to copy it, so that none is ever left without a queue.
  Stream(const Stream&) = default;
  Stream& operator=(const Stream&) = default;

  Device device() const;
  int threads() const;
  /// Of this stream's own allocator.
  MemoryUse memory() const;

  /// Blocks until everything issued so far has finished.
  void synchronize();

  /// Whether both name the same queue.
  bool operator==(const Stream&) const = default;

  /// The device's side; for Buffer, Event, Graph and the kernels.
  const std::shared_ptr<Backend>& backend() const { return backend_; }

 private:
  explicit Stream(std::shared_ptr<Backend> backend) : backend_(std::move(backend)) {}

  std::shared_ptr<Backend> backend_;
};

}  // namespace gradvitals
