// Computes:    one step of sgd, momentum or Adam, and sum (w_after - w_before)^2
// Shapes:      weight, gradient and the state (N); update_sum_squares (1)
// DTypes:      float32; the sum float64 from the first square
// Launch:      at most 1024 blocks of 256 threads, which walk on; the last to arrive adds. No sync
// Traffic:     sgd 12 N bytes, momentum 20 N, Adam 28 N -> bound by memory
// Determinism: the grid depends on N alone: the same bits on every run. Weights and state have the
//              bits of the cpu device where that has fused multiply-adds
// Edge cases:  N = 0 writes a sum of 0; a NaN gradient reaches weight and sum
// Errors:      CudaError where the launch fails; kernels/optimizer.cpp has checked the arguments
// Reference:   cpu/optimizer.cpp
#include "kernels/optimizer.h"

#include <cmath>
#include <cstdint>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_reduce.cuh"
#include "kernels/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kElementsPerThread = 4;  // Of a grid that has fewer than its most blocks.

/// Each gives the new weight of element i, and moves the state.
struct Sgd {
  const float* gradient;
  float rate;

  __device__ float operator()(std::int64_t i, float weight) const {
    return fmaf(-rate, gradient[i], weight);
  }
};

struct Momentum {
  const float* gradient;
  float* velocity;
  float rate;
  float keep;
  bool nesterov;

  __device__ float operator()(std::int64_t i, float weight) const {
    const float step = rate * gradient[i];
    const float v = fmaf(keep, velocity[i], -step);
    velocity[i] = v;
    return weight + (nesterov ? fmaf(keep, v, -step) : v);
  }
};

struct Adam {
  const float* gradient;
  float* first_moment;
  float* second_moment;
  float keep1;
  float take1;
  float keep2;
  float take2;
  float rate;          ///< learning_rate / (1 - beta1^step)
  float second_scale;  ///< 1 / (1 - beta2^step)
  float epsilon;

  __device__ float operator()(std::int64_t i, float weight) const {
    const float g = gradient[i];
    const float m = fmaf(keep1, first_moment[i], take1 * g);
    const float v = fmaf(keep2, second_moment[i], take2 * g * g);
    first_moment[i] = m;
    second_moment[i] = v;
    return weight - rate * m / (sqrtf(v * second_scale) + epsilon);
  }
};

template <class Rule>
__global__ void __launch_bounds__(kThreads)
    update_kernel(Rule rule, std::int64_t count, float* weight, GridSum memory,
                  double* update_sum_squares) {
  double sum = 0.0;
  for (std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * kThreads) {
    const float before = weight[i];
    const float after = rule(i, before);
    weight[i] = after;
    const double step = static_cast<double>(after) - static_cast<double>(before);
    sum = fma(step, step, sum);
  }
  if (update_sum_squares == nullptr) return;
  double total = 0.0;
  if (grid_sum<kThreads>(sum, memory, &total)) *update_sum_squares = total;
}

template <class Op, class Rule>
void update(gpu::Queue queue, const Op& op, const Rule& rule, const GridSum& memory) {
  const std::int64_t count = op.weight.count;
  double* sum = op.update_sum_squares.data;
  if (count == 0 && sum == nullptr) return;
  gpu::launch(update_kernel<Rule>,
              {grid_sum_blocks(count, kThreads * kElementsPerThread), kThreads}, queue, rule, count,
              op.weight.data, memory, sum);
}

/// 1 - beta^step; expm1 keeps its digits where beta is close to 1.
double bias_correction(double beta, std::int64_t step) {
  return -std::expm1(static_cast<double>(step) * std::log(beta));
}

}  // namespace

void GpuBackend::sgd_update(const SgdUpdate<float>& op) {
  update(queue_, op, Sgd{op.gradient.data, static_cast<float>(op.learning_rate)}, grid_sum_);
}

void GpuBackend::momentum_update(const MomentumUpdate<float>& op) {
  update(queue_, op,
         Momentum{op.gradient.data, op.velocity.data, static_cast<float>(op.learning_rate),
                  static_cast<float>(op.momentum), op.nesterov},
         grid_sum_);
}

void GpuBackend::adam_update(const AdamUpdate<float>& op) {
  const double rate = op.learning_rate / bias_correction(op.beta1, op.step);
  const double second_scale = 1.0 / bias_correction(op.beta2, op.step);
  update(queue_, op,
         Adam{.gradient = op.gradient.data,
              .first_moment = op.first_moment.data,
              .second_moment = op.second_moment.data,
              .keep1 = static_cast<float>(op.beta1),
              .take1 = static_cast<float>(1.0 - op.beta1),
              .keep2 = static_cast<float>(op.beta2),
              .take2 = static_cast<float>(1.0 - op.beta2),
              .rate = static_cast<float>(rate),
              .second_scale = static_cast<float>(second_scale),
              .epsilon = static_cast<float>(op.epsilon)},
         grid_sum_);
}

}  // namespace gradvitals::GPU_NAMESPACE
