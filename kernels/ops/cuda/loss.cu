// Computes:    a loss, and its derivative times dloss (kernels/ops/loss.h)
// Shapes:      prediction, target, dprediction (B,O); loss, dloss (1)
// DTypes:      float32 in and out, float64 between
// Launch:      mse and bce: a thread per element; softmax: a warp per row; 256 threads a block.
//              Forward: at most 1024 blocks, which walk on; the last to arrive adds. No sync
// Traffic:     forward 8 B O bytes (softmax three times, from cache), backward 12 B O -> bound by
//              launch: a last layer is small
// Determinism: the grid depends on B and O alone: the same bits on every run
// Edge cases:  stable for every finite logit and for probabilities of 0 and 1; NaN reaches the
//              loss; a masked class (logit -infinity, target 0) adds nothing
// Errors:      CudaError where the launch fails; kernels/ops/loss.cpp has refused empty batches
// Reference:   cpu/loss.cpp
#include "kernels/ops/loss.h"

#include <cstdint>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/block_reduce.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kRowsPerBlock = kThreads / kWarpThreads;
constexpr std::int64_t kElementsPerThread = 8;  // Of a grid that has fewer than its most blocks.

/// A batch as kernels take it.
struct Batch {
  const float* prediction;
  const float* target;
  std::int64_t rows;
  std::int64_t cols;
};

struct SquaredError {
  static __device__ double loss(double p, double t) { return (p - t) * (p - t); }
  static __device__ double gradient(double p, double t) { return 2.0 * (p - t); }
};

struct BinaryCrossEntropyFromLogits {
  static __device__ double loss(double p, double t) {
    return fmax(p, 0.0) - p * t + log1p(exp(-fabs(p)));
  }
  /// p - t, which cancels where the prediction is sure and right, written without a difference of
  /// near numbers.
  static __device__ double gradient(double logit, double t) {
    const double e = exp(-fabs(logit));
    const double likely = 1.0 / (1.0 + e);
    const double unlikely = e / (1.0 + e);
    const bool negative = logit < 0.0;
    return (1.0 - t) * (negative ? unlikely : likely) - t * (negative ? likely : unlikely);
  }
};

struct BinaryCrossEntropy {
  /// fmax() would hide a NaN.
  static __device__ double not_below(double limit, double x) { return x < limit ? limit : x; }
  static __device__ double loss(double p, double t) {
    return -(t * not_below(kMinLogProbability, log(p)) +
             (1.0 - t) * not_below(kMinLogProbability, log1p(-p)));
  }
  static __device__ double gradient(double p, double t) {
    return (p - t) / not_below(kMinProbabilityVariance, p * (1.0 - p));
  }
};

/// softmax(x)_o = exp(x_o - largest) / sum, of a row shared by a warp.
struct Softmax {
  double largest;
  double sum;
};

__device__ __forceinline__ Softmax softmax(const float* logits, std::int64_t cols, int lane) {
  // A NaN that the maximum passes over still reaches the sum.
  float largest = -HUGE_VALF;
  for (std::int64_t o = lane; o < cols; o += kWarpThreads) {
    largest = logits[o] > largest ? logits[o] : largest;
  }
  const double top = static_cast<double>(warp_max(largest));
  double sum = 0.0;
#pragma unroll 1
  for (std::int64_t o = lane; o < cols; o += kWarpThreads) {
    sum += exp(static_cast<double>(logits[o]) - top);
  }
  return {top, warp_sum(sum)};
}

template <class Loss>
__global__ void __launch_bounds__(kThreads)
    loss_forward_kernel(Batch batch, GridSum memory, float* loss) {
  const std::int64_t count = batch.rows * batch.cols;
  double sum = 0.0;
  for (std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * kThreads) {
    sum +=
        Loss::loss(static_cast<double>(batch.prediction[i]), static_cast<double>(batch.target[i]));
  }
  double total = 0.0;
  if (grid_sum<kThreads>(sum, memory, &total)) {
    *loss = static_cast<float>(total / static_cast<double>(count));
  }
}

__global__ void __launch_bounds__(kThreads)
    softmax_loss_forward_kernel(Batch batch, GridSum memory, float* loss) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  double sum = 0.0;
  for (std::int64_t r = blockIdx.x * kRowsPerBlock + threadIdx.x / kWarpThreads; r < batch.rows;
       r += gridDim.x * kRowsPerBlock) {
    const float* logits = batch.prediction + r * batch.cols;
    const float* target = batch.target + r * batch.cols;
    const Softmax row = softmax(logits, batch.cols, lane);
    const double log_sum = log(row.sum);
    for (std::int64_t o = lane; o < batch.cols; o += kWarpThreads) {
      // A class without probability adds nothing, were its logit -infinity (a masked class).
      if (target[o] == 0.0f) continue;
      const double minus_log = log_sum + (row.largest - static_cast<double>(logits[o]));
      sum += static_cast<double>(target[o]) * minus_log;
    }
  }
  double total = 0.0;
  if (grid_sum<kThreads>(sum, memory, &total)) {
    *loss = static_cast<float>(total / static_cast<double>(batch.rows));
  }
}

template <class Loss>
__global__ void __launch_bounds__(kThreads)
    loss_backward_kernel(Batch batch, const float* dloss, float* dprediction) {
  const std::int64_t count = batch.rows * batch.cols;
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= count) return;
  const double scale = static_cast<double>(*dloss) / static_cast<double>(count);
  const double gradient = Loss::gradient(static_cast<double>(batch.prediction[i]),
                                         static_cast<double>(batch.target[i]));
  dprediction[i] = static_cast<float>(scale * gradient);
}

__global__ void __launch_bounds__(kThreads)
    softmax_loss_backward_kernel(Batch batch, const float* dloss, float* dprediction) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  const std::int64_t r = blockIdx.x * kRowsPerBlock + threadIdx.x / kWarpThreads;
  if (r >= batch.rows) return;
  const float* logits = batch.prediction + r * batch.cols;
  const float* target = batch.target + r * batch.cols;
  const Softmax row = softmax(logits, batch.cols, lane);
  double mass = 0.0;  // 1 for probabilities; the derivative is right for any target.
  for (std::int64_t o = lane; o < batch.cols; o += kWarpThreads) {
    mass += static_cast<double>(target[o]);
  }
  mass = warp_sum(mass);
  const double scale = static_cast<double>(*dloss) / static_cast<double>(batch.rows);
#pragma unroll 1  // exp in float64 takes 40 registers each time.
  for (std::int64_t o = lane; o < batch.cols; o += kWarpThreads) {
    const double p = exp(static_cast<double>(logits[o]) - row.largest) / row.sum;
    dprediction[r * batch.cols + o] =
        static_cast<float>(scale * (mass * p - static_cast<double>(target[o])));
  }
}

template <class Op>
Batch batch_of(const Op& op) {
  return {op.prediction.data, op.target.data, op.prediction.rows, op.prediction.cols};
}

void loss_forward(GpuBackend& backend, const LossForward<float>& op) {
  const Batch batch = batch_of(op);
  const unsigned element_blocks =
      grid_sum_blocks(op.prediction.count(), kThreads * kElementsPerThread);
  switch (op.kind) {
    case LossKind::kMse:
      return gpu::launch(loss_forward_kernel<SquaredError>, {element_blocks, kThreads},
                         backend.queue(), batch, backend.grid_sum_memory(), op.loss.data);
    case LossKind::kBinaryCrossEntropyFromLogits:
      return gpu::launch(loss_forward_kernel<BinaryCrossEntropyFromLogits>,
                         {element_blocks, kThreads}, backend.queue(), batch,
                         backend.grid_sum_memory(), op.loss.data);
    case LossKind::kBinaryCrossEntropy:
      return gpu::launch(loss_forward_kernel<BinaryCrossEntropy>, {element_blocks, kThreads},
                         backend.queue(), batch, backend.grid_sum_memory(), op.loss.data);
    case LossKind::kSoftmaxCrossEntropy:
      return gpu::launch(softmax_loss_forward_kernel,
                         {grid_sum_blocks(batch.rows, kRowsPerBlock), kThreads}, backend.queue(),
                         batch, backend.grid_sum_memory(), op.loss.data);
  }
}

void loss_backward(GpuBackend& backend, const LossBackward<float>& op) {
  const Batch batch = batch_of(op);
  const unsigned element_blocks = blocks_for(op.prediction.count(), kThreads);
  const float* dloss = op.dloss.data;
  float* gradient = op.dprediction.data;
  switch (op.kind) {
    case LossKind::kMse:
      return gpu::launch(loss_backward_kernel<SquaredError>, {element_blocks, kThreads},
                         backend.queue(), batch, dloss, gradient);
    case LossKind::kBinaryCrossEntropyFromLogits:
      return gpu::launch(loss_backward_kernel<BinaryCrossEntropyFromLogits>,
                         {element_blocks, kThreads}, backend.queue(), batch, dloss, gradient);
    case LossKind::kBinaryCrossEntropy:
      return gpu::launch(loss_backward_kernel<BinaryCrossEntropy>, {element_blocks, kThreads},
                         backend.queue(), batch, dloss, gradient);
    case LossKind::kSoftmaxCrossEntropy:
      return gpu::launch(softmax_loss_backward_kernel,
                         {blocks_for(batch.rows, kRowsPerBlock), kThreads}, backend.queue(), batch,
                         dloss, gradient);
  }
}

const KernelsOf<loss_forward, loss_backward> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
