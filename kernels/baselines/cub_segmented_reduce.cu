// Computes:    sums[t] = sum of x^2 over tensor t, by cub::DeviceSegmentedReduce::Reduce
// Shapes:      any number of tensors of any count
// DTypes:      input float32; accumulator and output float32 or float64
// Launch:      CUB's own: one kernel, one block for each tensor; no sync
// Traffic:     reads each element once -> bound by memory where tensors are many and alike
// Determinism: the same bits on every run of one GPU model
// Edge cases:  a tensor without elements has the sum 0
// Errors:      std::invalid_argument (norms.h); CudaError for a failed call
// Reference:   CCCL, cub/device/device_segmented_reduce.cuh
#include <thrust/iterator/transform_iterator.h>

#include <cub/device/device_segmented_reduce.cuh>
#include <cuda/std/functional>
#include <vector>

#include "kernels/baselines/norms.h"
#include "kernels/baselines/sums_of_squares.cuh"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::baselines {
namespace {

template <class Sum>
class CubSegmentedReduce final : public SumsOfSquares<Sum> {
 public:
  CubSegmentedReduce(Stream& stream, std::span<const TensorView> tensors)
      : SumsOfSquares<Sum>(stream, "cub_segmented_reduce", tensors),
        offsets_(stream, 2 * std::ssize(tensors) * kOffsetBytes) {
    // CUB counts from one pointer: the first tensor's, where the others may lie before it.
    std::vector<std::int64_t> begins;
    std::vector<std::int64_t> ends;
    for (const TensorView& tensor : tensors) {
      begins.push_back(tensor.count == 0 ? 0 : static_cast<const float*>(tensor.data) - base());
      ends.push_back(begins.back() + tensor.count);
    }
    begins.insert(begins.end(), ends.begin(), ends.end());
    copy_to_device(stream, begins.data(), offsets_.bytes(), offsets_.data());
    std::size_t bytes = 0;
    reduce(nullptr, bytes, nullptr);
    this->need_temporary(bytes);
  }

  void run(Buffer& workspace) override {
    std::size_t bytes = this->temporary_bytes();
    reduce(this->temporary(workspace), bytes, this->sums(workspace));
  }

 private:
  static constexpr std::int64_t kOffsetBytes = sizeof(std::int64_t);

  const float* base() const {
    return this->tensors().empty() ? nullptr : static_cast<const float*>(this->tensors()[0].data);
  }

  void reduce(void* temporary, std::size_t& bytes, Sum* out) const {
    const std::int64_t count = std::ssize(this->tensors());
    const auto* begins = static_cast<const std::int64_t*>(offsets_.data());
    const auto squares = thrust::make_transform_iterator(base(), Square<Sum>{});
    cuda::gpu::check(cub::DeviceSegmentedReduce::Reduce(
                         temporary, bytes, squares, out, count, begins, begins + count,
                         ::cuda::std::plus<>{}, Sum{0}, this->queue()),
                     "cub::DeviceSegmentedReduce::Reduce");
  }

  Buffer offsets_;  ///< Where each tensor begins, then where each ends.
};

}  // namespace

std::unique_ptr<Norms> cub_segmented_reduce(Stream& stream, std::span<const TensorView> tensors,
                                            Accumulator accumulator) {
  return make_norms<CubSegmentedReduce>(stream, tensors, accumulator);
}

}  // namespace gradvitals::baselines
