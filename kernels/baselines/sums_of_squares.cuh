// Computes:    what CUB's baselines share: x^2 in the accumulator's type, and norms from sums
// Shapes:      a sum for each tensor
// DTypes:      input float32; Sum is float or double
// Launch:      none: for the files that include this
// Traffic:     none
// Determinism: an element's square depends on nothing else
// Edge cases:  in float, squares overflow above 1.84e19 and vanish below 3.7e-23, as the peers' do
// Errors:      std::invalid_argument for another dtype or device
// Reference:   kernels/stats/tensor_stats.h
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/baselines/norms.h"
#include "kernels/baselines/queue_of.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/validate.h"
#include "kernels/stats/view.h"

namespace gradvitals::baselines {

template <class Sum>
struct Square {
  __device__ Sum operator()(float x) const { return static_cast<Sum>(x) * static_cast<Sum>(x); }
};

/// Sums of squares at the start of the workspace, CUB's temporary storage behind them.
template <class Sum>
class SumsOfSquares : public Norms {
 public:
  SumsOfSquares(Stream& stream, std::string_view op, std::span<const TensorView> tensors)
      : stream_(stream),
        queue_(cuda::queue_of(stream, op)),
        tensors_(tensors.begin(), tensors.end()) {
    for (const TensorView& tensor : tensors_) {
      if (tensor.dtype != DType::kFloat32) validate::fail(op, "a tensor is not float32");
    }
  }

  std::int64_t workspace_bytes() const final { return sums_bytes() + temporary_bytes_; }

  std::vector<double> read(const Buffer& workspace) const final {
    std::vector<Sum> sums(tensors_.size());
    copy_to_host(stream_, workspace.data(), std::ssize(sums) * kSumBytes, sums.data());
    std::vector<double> norms;
    for (const Sum sum : sums) norms.push_back(std::sqrt(static_cast<double>(sum)));
    return norms;
  }

 protected:
  /// Grows the temporary storage to what one call of CUB requires.
  void need_temporary(std::size_t bytes) {
    temporary_bytes_ = std::max(temporary_bytes_, static_cast<std::int64_t>(bytes));
  }
  Sum* sums(const Buffer& workspace) const { return static_cast<Sum*>(workspace.data()); }
  void* temporary(const Buffer& workspace) const {
    return static_cast<char*>(workspace.data()) + sums_bytes();
  }
  std::size_t temporary_bytes() const { return static_cast<std::size_t>(temporary_bytes_); }

  Stream& stream() const { return stream_; }
  cuda::gpu::Queue queue() const { return queue_; }
  std::span<const TensorView> tensors() const { return tensors_; }

 private:
  static constexpr std::int64_t kSumBytes = sizeof(Sum);
  static constexpr std::int64_t kAlignment = 256;  // Of CUB's storage, as cudaMalloc gives it.

  std::int64_t sums_bytes() const {
    return (std::ssize(tensors_) * kSumBytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  mutable Stream stream_;  // To issue work changes the queue, not the handle.
  cuda::gpu::Queue queue_;
  std::vector<TensorView> tensors_;
  std::int64_t temporary_bytes_ = 0;
};

/// A Peer<float> or a Peer<double>.
template <template <class> class Peer>
std::unique_ptr<Norms> make_norms(Stream& stream, std::span<const TensorView> tensors,
                                  Accumulator accumulator) {
  if (accumulator == Accumulator::kFloat32) return std::make_unique<Peer<float>>(stream, tensors);
  return std::make_unique<Peer<double>>(stream, tensors);
}

}  // namespace gradvitals::baselines
