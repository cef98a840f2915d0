// Computes:    per column of a (B,O) matrix, how many elements are zero and how many saturated
// Shapes:      view (B,O); zero_count, saturated_count (O)
// DTypes:      float32, float64; counts int64
// Launch:      32 x 8 threads per 32 columns, 4 KB of shared memory, no sync
// Traffic:     reads each element once -> bound by memory
// Determinism: counts are exact
// Edge cases:  no rows: every count is 0. NaN compares false, so it counts as neither
// Errors:      CudaError where the launch fails; kernels/stats/activation_stats.cpp has checked the
//              arguments
// Reference:   cpu/activation_stats.cpp
#include "kernels/stats/activation_stats.h"

#include <cstdint>
#include <optional>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kColumns = kWarpThreads;  // Of a block: a warp reads neighbours.
constexpr int kRowThreads = 8;

struct NeverSaturated {
  template <class T>
  __device__ bool operator()(T) const {
    return false;
  }
};
struct BeyondThreshold {
  template <class T>
  __device__ bool operator()(T z) const {
    return fabs(z) >= static_cast<T>(kSaturationThreshold);
  }
};
struct AtALimit {
  double low;
  double high;
  template <class T>
  __device__ bool operator()(T a) const {
    return a == static_cast<T>(low) || a == static_cast<T>(high);
  }
};

struct Counts {
  std::int64_t zero;
  std::int64_t saturated;
};

template <class T, class Saturated>
__global__ void __launch_bounds__(kColumns* kRowThreads)
    activation_stats_kernel(const T* values, std::int64_t rows, std::int64_t cols,
                            Saturated saturated, std::int64_t* zero_count,
                            std::int64_t* saturated_count) {
  GPU_SHARED(Counts, partial, [kRowThreads][kColumns]);
  const std::int64_t col = std::int64_t{blockIdx.x} * kColumns + threadIdx.x;
  Counts counts{0, 0};
  if (col < cols) {
    for (std::int64_t row = threadIdx.y; row < rows; row += kRowThreads) {
      const T value = values[row * cols + col];
      counts.zero += value == T{0} ? 1 : 0;
      counts.saturated += saturated(value) ? 1 : 0;
    }
  }
  partial[threadIdx.y][threadIdx.x] = counts;
  __syncthreads();
  if (threadIdx.y > 0 || col >= cols) return;
  for (int y = 1; y < kRowThreads; ++y) {
    counts.zero += partial[y][threadIdx.x].zero;
    counts.saturated += partial[y][threadIdx.x].saturated;
  }
  zero_count[col] = counts.zero;
  saturated_count[col] = counts.saturated;
}

template <class T, class Saturated>
void count(gpu::Queue queue, const ActivationStats& op, Saturated saturated) {
  gpu::launch(activation_stats_kernel<T, Saturated>,
              {blocks_for(op.view.cols, kColumns), {kColumns, kRowThreads}}, queue,
              static_cast<const T*>(op.view.data), op.view.rows, op.view.cols, saturated,
              op.zero_count.data, op.saturated_count.data);
}

template <class T>
void count(gpu::Queue queue, const ActivationStats& op) {
  const std::optional<Saturation> saturation = properties(op.view.activation).saturation;
  if (op.view.role == Role::kPreActivation && saturation) {
    count<T>(queue, op, BeyondThreshold{});
  } else if (op.view.role == Role::kOutput && saturation) {
    count<T>(queue, op, AtALimit{saturation->low, saturation->high});
  } else {
    count<T>(queue, op, NeverSaturated{});
  }
}

void activation_stats(GpuBackend& backend, const ActivationStats& op) {
  if (op.view.cols == 0) return;
  if (op.view.dtype == DType::kFloat32) {
    count<float>(backend.queue(), op);
  } else {
    count<double>(backend.queue(), op);
  }
}

const KernelsOf<activation_stats> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
