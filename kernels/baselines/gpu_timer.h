// Time on device cuda, by CUDA events, and the size of the cache that cold runs must not find full.
// For benchmarks; free of CUDA headers.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/runtime/stream.h"

namespace gradvitals::baselines {

/// Measures what is issued to a stream between start() and seconds(). Throws std::invalid_argument
/// for a stream on another device than cuda.
class GpuTimer {
 public:
  explicit GpuTimer(Stream& stream);
  ~GpuTimer();
  GpuTimer(GpuTimer&&) noexcept;
  GpuTimer& operator=(GpuTimer&&) noexcept;

  void start();
  /// Waits for what was issued since start(). The events themselves resolve about half a
  /// microsecond (CUDA, cudaEventElapsedTime).
  double seconds();

 private:
  struct Events;
  std::unique_ptr<Events> events_;
};

/// Of the first GPU.
std::int64_t l2_cache_bytes();

}  // namespace gradvitals::baselines
