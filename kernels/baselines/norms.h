// The L2 norms of many tensors on device cuda as cuBLAS and CUB compute them: what tensor_stats is
// measured against. For tests and benchmarks; free of CUDA headers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/view.h"

namespace gradvitals::baselines {

/// One way to compute them: prepared once for tensors that stay where they are, run any number of
/// times.
class Norms {
 public:
  virtual ~Norms() = default;

  /// Bytes of device memory that a run needs, the norms included.
  virtual std::int64_t workspace_bytes() const = 0;

  /// Issues the work to the stream; waits for nothing. `workspace` has workspace_bytes() or more.
  virtual void run(Buffer& workspace) = 0;

  /// What the last run left in `workspace`, in the tensors' order; waits for it.
  virtual std::vector<double> read(const Buffer& workspace) const = 0;
};

/// What squares are added up in.
enum class Accumulator : std::uint8_t { kFloat32, kFloat64 };

// All of them throw std::invalid_argument for a stream on another device than cuda, and for tensors
// of a dtype that they do not take.

/// cublasNrm2Ex, a call for each tensor; norms stay on the device. float32, float16 and bfloat16,
/// accumulated in float32; a norm has the dtype of its tensor. Throws DeviceError where cuBLAS
/// cannot be used.
std::unique_ptr<Norms> cublas_nrm2(Stream& stream, std::span<const TensorView> tensors);

/// cub::DeviceReduce over the squares, a call for each tensor. float32.
std::unique_ptr<Norms> cub_reduce(Stream& stream, std::span<const TensorView> tensors,
                                  Accumulator accumulator);

/// cub::DeviceSegmentedReduce over the squares, one call for all tensors. float32.
std::unique_ptr<Norms> cub_segmented_reduce(Stream& stream, std::span<const TensorView> tensors,
                                            Accumulator accumulator);

}  // namespace gradvitals::baselines
