// Stream: an ordered queue of kernels on one device.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/device.h"
#include "kernels/memory_use.h"

namespace gradvitals {

class Backend;

/// Who multiplies matrices on the cuda device; the other devices have the hand-written kernels.
enum class GemmProvider : std::uint8_t { kHandWritten, kCublas };

/// An ordered queue of work on one device: every op takes the stream it runs on as its first
/// argument, and ops on one stream run in the order they were issued. On the cpu device an op has
/// finished when its call returns.
///
/// A handle: copies name the same queue, which lives as long as any of them and as anything that
/// was made on it. Whoever works on a stream later keeps a copy.
class Stream {
 public:
  struct Options {
    DeviceType device = DeviceType::kCpu;
    /// Worker threads of the cpu device; 0 means one per core. Results may differ in the last bit
    /// between thread counts, never between runs with the same one.
    int threads = 0;
    /// cuBLAS sums in an order of its own: the last bits of results differ from the hand-written
    /// kernels', and may from one GPU model or cuBLAS to another. It is loaded only when asked for.
    GemmProvider gemm = GemmProvider::kHandWritten;
  };

  /// Throws DeviceError, with the reason, where the device or cuBLAS cannot be used, and
  /// std::invalid_argument for cuBLAS on a device other than cuda.
  explicit Stream(const Options& options);
  Stream() : Stream(Options{}) {}
  ~Stream() = default;
  // No moves: to move a handle is to copy it, so that none is ever left without a queue.
  Stream(const Stream&) = default;
  Stream& operator=(const Stream&) = default;

  DeviceType device() const;
  int threads() const;
  /// Of this stream's own allocator.
  MemoryUse memory() const;

  /// Blocks until everything issued so far has finished.
  void synchronize();

  /// Whether both name the same queue.
  bool operator==(const Stream&) const = default;

  /// The device's implementation of the ops; for the contract functions and Buffer.
  const std::shared_ptr<Backend>& backend() const { return backend_; }

 private:
  std::shared_ptr<Backend> backend_;
};

}  // namespace gradvitals
