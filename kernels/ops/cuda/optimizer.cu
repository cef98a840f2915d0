// Computes:    one step of sgd, momentum or Adam, and sum (w_after - w_before)^2
// Shapes:      weight, gradient and the state (N); update_sum_squares, steps and the guard's
//              record (1)
// DTypes:      float32; the sum float64 from the first square
// Launch:      at most 1024 blocks of 256 threads, which walk on; the last to arrive adds. No sync
// Traffic:     sgd 12 N bytes, momentum 20 N, Adam 28 N -> bound by memory
// Determinism: the grid depends on N alone: the same bits on every run. Weights and state have the
//              bits of the cpu device where that has fused multiply-adds
// Edge cases:  N = 0 writes a sum of 0; a NaN gradient reaches weight and sum, unless the guard's
//              record counts one: then nothing moves
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

/// What all elements of a launch have in common, found by one thread of each block.
struct StepConstants {
  float gradient_scale = 1.0f;
  float rate = 0.0f;          ///< Adam's learning_rate / (1 - beta1^step).
  float second_scale = 0.0f;  ///< Adam's 1 / (1 - beta2^step).
  bool is_skipped = false;
};

/// Each gives the new weight of element i, and moves the state.
struct Sgd {
  const float* gradient;
  float rate;

  __device__ void prepare(StepConstants&) const {}
  __device__ float operator()(std::int64_t i, float weight, const StepConstants& step) const {
    return fmaf(-rate, step.gradient_scale * gradient[i], weight);
  }
  __device__ void finish() const {}
};

struct Momentum {
  const float* gradient;
  float* velocity;
  float rate;
  float keep;
  bool nesterov;

  __device__ void prepare(StepConstants&) const {}
  __device__ float operator()(std::int64_t i, float weight, const StepConstants& step) const {
    const float move = rate * (step.gradient_scale * gradient[i]);
    const float v = fmaf(keep, velocity[i], -move);
    velocity[i] = v;
    return weight + (nesterov ? fmaf(keep, v, -move) : v);
  }
  __device__ void finish() const {}
};

struct Adam {
  const float* gradient;
  float* first_moment;
  float* second_moment;
  std::int64_t* steps;
  double learning_rate;
  double beta1;
  double beta2;
  float keep1;
  float take1;
  float keep2;
  float take2;
  float epsilon;

  __device__ void prepare(StepConstants& step) const {
    const std::int64_t number = *steps + 1;
    step.rate = static_cast<float>(learning_rate / bias_correction(beta1, number));
    step.second_scale = static_cast<float>(1.0 / bias_correction(beta2, number));
  }
  __device__ float operator()(std::int64_t i, float weight, const StepConstants& step) const {
    const float g = step.gradient_scale * gradient[i];
    const float m = fmaf(keep1, first_moment[i], take1 * g);
    const float v = fmaf(keep2, second_moment[i], take2 * g * g);
    first_moment[i] = m;
    second_moment[i] = v;
    return weight - step.rate * m / (sqrtf(v * step.second_scale) + epsilon);
  }
  /// By one thread, when all blocks have read the number of the step.
  __device__ void finish() const { *steps += 1; }
};

template <class Rule>
__global__ void __launch_bounds__(kThreads)
    update_kernel(Rule rule, UpdateGuard guard, std::int64_t count, float* weight, GridSum memory,
                  double* update_sum_squares) {
  GPU_SHARED(StepConstants, shared, [1]);
  if (threadIdx.x == 0) {
    StepConstants step;
    step.is_skipped = is_skipped(guard);
    step.gradient_scale = static_cast<float>(gradient_scale(guard));
    rule.prepare(step);
    shared[0] = step;
  }
  __syncthreads();
  const StepConstants step = shared[0];
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

template <class Op, class Rule>
void update(gpu::Queue queue, const Op& op, const Rule& rule, const GridSum& memory) {
  const std::int64_t count = op.weight.count;
  gpu::launch(update_kernel<Rule>,
              {grid_sum_blocks(count, kThreads * kElementsPerThread), kThreads}, queue, rule,
              op.guard, count, op.weight.data, memory, op.update_sum_squares.data);
}

void sgd_update(GpuBackend& backend, const SgdUpdate<float>& op) {
  update(backend.queue(), op, Sgd{op.gradient.data, static_cast<float>(op.learning_rate)},
         backend.grid_sum_memory());
}

void momentum_update(GpuBackend& backend, const MomentumUpdate<float>& op) {
  update(backend.queue(), op,
         Momentum{op.gradient.data, op.velocity.data, static_cast<float>(op.learning_rate),
                  static_cast<float>(op.momentum), op.nesterov},
         backend.grid_sum_memory());
}

void adam_update(GpuBackend& backend, const AdamUpdate<float>& op) {
  update(backend.queue(), op,
         Adam{.gradient = op.gradient.data,
              .first_moment = op.first_moment.data,
              .second_moment = op.second_moment.data,
              .steps = op.steps.data,
              .learning_rate = op.learning_rate,
              .beta1 = op.beta1,
              .beta2 = op.beta2,
              .keep1 = static_cast<float>(op.beta1),
              .take1 = static_cast<float>(1.0 - op.beta1),
              .keep2 = static_cast<float>(op.beta2),
              .take2 = static_cast<float>(1.0 - op.beta2),
              .epsilon = static_cast<float>(op.epsilon)},
         backend.grid_sum_memory());
}

const KernelsOf<sgd_update, momentum_update, adam_update> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
