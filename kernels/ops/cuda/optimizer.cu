// Computes:    one step of sgd, momentum, Adam or AdamW, and sum (w_after - w_before)^2
// Shapes:      weight, gradient and the state (N); update_sum_squares, steps and the guard's
//              record and control (1)
// DTypes:      float32; the sum float64 from the first square
// Launch:      at most 1024 blocks of 256 threads, which walk on; the last to arrive adds. No sync
// Traffic:     sgd 12 N bytes, momentum 20 N, Adam 28 N -> bound by memory
// Determinism: the grid depends on N alone: the same bits on every run. Weights and state have the
//              bits of the cpu device where that has fused multiply-adds
// Edge cases:  N = 0 writes a sum of 0; a NaN gradient reaches weight and sum, unless the guard's
//              record counts one: then nothing moves, as beyond its skip_above_norm
// Errors:      CudaError where the launch fails; kernels/ops/optimizer.cpp has checked the arguments
// Reference:   cpu/optimizer.cpp
#include "kernels/ops/optimizer.h"

#include <cstdint>

#include "kernels/ops/update_guard.h"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/block_reduce.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kElementsPerThread = 4;  // Of a grid that has fewer than its most blocks.

/// Each gives the new weight of element i, and moves the state.
struct Sgd {
  SgdUpdate<float> op;

  __device__ float operator()(std::int64_t i, float weight,
                              const StepConstants<float>& step) const {
    return fmaf(-step.rate, step.gradient_scale * op.gradient.data[i], weight);
  }
  __device__ void finish() const {}
};

struct Momentum {
  MomentumUpdate<float> op;
  float keep;

  __device__ float operator()(std::int64_t i, float weight,
                              const StepConstants<float>& step) const {
    const float move = step.rate * (step.gradient_scale * op.gradient.data[i]);
    const float v = fmaf(keep, op.velocity.data[i], -move);
    op.velocity.data[i] = v;
    return weight + (op.nesterov ? fmaf(keep, v, -move) : v);
  }
  __device__ void finish() const {}
};

struct Adam {
  AdamUpdate<float> op;
  float keep1;
  float take1;
  float keep2;
  float take2;
  float epsilon;

  __device__ float operator()(std::int64_t i, float weight,
                              const StepConstants<float>& step) const {
    const float g = step.gradient_scale * op.gradient.data[i];
    const float m = fmaf(keep1, op.first_moment.data[i], take1 * g);
    const float v = fmaf(keep2, op.second_moment.data[i], take2 * g * g);
    op.first_moment.data[i] = m;
    op.second_moment.data[i] = v;
    const float move = step.rate * m / (sqrtf(v * step.second_scale) + epsilon);
    // Apart, because 0 times an infinite weight is NaN.
    if (step.decay == 0.0f) return weight - move;
    return weight - fmaf(step.decay, weight, move);
  }
  /// By one thread, when all blocks have read the number of the step.
  __device__ void finish() const { *op.steps.data += 1; }
};

template <class Rule>
__global__ void __launch_bounds__(kThreads) update_kernel(Rule rule, GridSum memory) {
  GPU_SHARED(StepConstants<float>, shared, [1]);
  if (threadIdx.x == 0) shared[0] = step_constants(rule.op);
  __syncthreads();
  const StepConstants<float> step = shared[0];
  float* const weight = rule.op.weight.data;
  const std::int64_t count = rule.op.weight.count;
  double* const update_sum_squares = rule.op.update_sum_squares.data;
  if (step.is_skipped) {
    if (blockIdx.x == 0 && threadIdx.x == 0 && update_sum_squares != nullptr) {
      *update_sum_squares = 0.0;
    }
    return;
  }
  double sum = 0.0;
  for (std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * kThreads) {
    const float before = weight[i];
    const float after = rule(i, before, step);
    weight[i] = after;
    const double move = static_cast<double>(after) - static_cast<double>(before);
    sum = fma(move, move, sum);
  }
  double total = 0.0;
  if (!grid_sum<kThreads>(sum, memory, &total)) return;
  if (update_sum_squares != nullptr) *update_sum_squares = total;
  rule.finish();
}

template <class Rule>
void update(GpuBackend& backend, const Rule& rule) {
  const unsigned blocks = grid_sum_blocks(rule.op.weight.count, kThreads * kElementsPerThread);
  gpu::launch(update_kernel<Rule>, {blocks, kThreads}, backend.queue(), rule,
              backend.grid_sum_memory());
}

void sgd_update(GpuBackend& backend, const SgdUpdate<float>& op) {
  update(backend, Sgd{op});
}

void momentum_update(GpuBackend& backend, const MomentumUpdate<float>& op) {
  update(backend, Momentum{op, static_cast<float>(op.momentum)});
}

void adam_update(GpuBackend& backend, const AdamUpdate<float>& op) {
  update(backend, Adam{.op = op,
                       .keep1 = static_cast<float>(op.beta1),
                       .take1 = static_cast<float>(1.0 - op.beta1),
                       .keep2 = static_cast<float>(op.beta2),
                       .take2 = static_cast<float>(1.0 - op.beta2),
                       .epsilon = static_cast<float>(op.epsilon)});
}

const KernelsOf<sgd_update, momentum_update, adam_update> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
