// Computes:    sums[t] = sum of x^2 over tensor t, by cub::DeviceReduce::TransformReduce
// Shapes:      any number of tensors of any count
// DTypes:      input float32; accumulator and output float32 or float64
// Launch:      CUB's own: one kernel for a small tensor, two for a large one; no sync
// Traffic:     reads each element once -> bound by memory, and by launches where tensors are small
// Determinism: the same bits on every run of one GPU model
// Edge cases:  a tensor without elements has the sum 0
// Errors:      std::invalid_argument (norms.h); CudaError for a failed call
// Reference:   CCCL, cub/device/device_reduce.cuh
#include <cub/device/device_reduce.cuh>
#include <cuda/std/functional>

#include "kernels/baselines/norms.h"
#include "kernels/baselines/sums_of_squares.cuh"
#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::baselines {
namespace {

template <class Sum>
class CubReduce final : public SumsOfSquares<Sum> {
 public:
  CubReduce(Stream& stream, std::span<const TensorView> tensors)
      : SumsOfSquares<Sum>(stream, "cub_reduce", tensors) {
    for (const TensorView& tensor : tensors) {
      std::size_t bytes = 0;
      reduce(nullptr, bytes, tensor, nullptr);
      this->need_temporary(bytes);
    }
  }

  void run(Buffer& workspace) override {
    std::size_t bytes = this->temporary_bytes();
    Sum* out = this->sums(workspace);
    for (const TensorView& tensor : this->tensors()) {
      reduce(this->temporary(workspace), bytes, tensor, out++);
    }
  }

 private:
  void reduce(void* temporary, std::size_t& bytes, const TensorView& tensor, Sum* out) const {
    cuda::gpu::check(cub::DeviceReduce::TransformReduce(
                         temporary, bytes, static_cast<const float*>(tensor.data), out,
                         tensor.count, ::cuda::std::plus<>{}, Square<Sum>{}, Sum{0}, this->queue()),
                     "cub::DeviceReduce::TransformReduce");
  }
};

}  // namespace

std::unique_ptr<Norms> cub_reduce(Stream& stream, std::span<const TensorView> tensors,
                                  Accumulator accumulator) {
  return make_norms<CubReduce>(stream, tensors, accumulator);
}

}  // namespace gradvitals::baselines
