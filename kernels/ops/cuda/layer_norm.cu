// Computes:    n = (x - mean) / sqrt(variance + epsilon), y = gamma n + beta, per row; backward:
//              dx, and the column sums dgamma of dy n and dbeta of dy
// Shapes:      x, y, dy, dx (B,C); gamma, beta, dgamma, dbeta (C); mean, rstd (B)
// DTypes:      float32; sums and statistics float64
// Launch:      rows: a warp to each, eight in a block; columns: 32 x 8 threads per 32 of them, 4 KB
//              of shared memory. No sync with the host
// Traffic:     forward 16 B C bytes read, most of them from cache, 4 B C written; backward 16 B C
//              for the rows and 8 B C for the columns, 4 B C written -> bound by memory
// Determinism: lanes take every 32nd column and meet in warp_reduce.cuh's order, eight threads take
//              every eighth row and are added in order: the same bits on every run
// Edge cases:  B = 0: dgamma and dbeta are 0; dx, dgamma and dbeta may be null
// Errors:      CudaError where a launch fails; kernels/ops/layer_norm.cpp has checked the arguments
// Reference:   cpu/layer_norm.cpp
#include "kernels/ops/layer_norm.h"

#include <cmath>
#include <cstdint>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kRowsOfBlock = 8;  // A warp each.
constexpr int kColumns = kWarpThreads;
constexpr int kRowThreads = 8;

__global__ void __launch_bounds__(kWarpThreads* kRowsOfBlock)
    normalise_kernel(LayerNormForward<float> op) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kRowsOfBlock + threadIdx.y;
  if (row >= op.x.rows) return;
  const std::int64_t cols = op.x.cols;
  const float* x = op.x.data + row * cols;
  float* y = op.y.data + row * cols;
  const double count = static_cast<double>(cols);
  double sum = 0.0;
  for (std::int64_t i = threadIdx.x; i < cols; i += kWarpThreads) sum += static_cast<double>(x[i]);
  const double mean = warp_sum(sum) / count;
  double squares = 0.0;
  for (std::int64_t i = threadIdx.x; i < cols; i += kWarpThreads) {
    const double d = static_cast<double>(x[i]) - mean;
    squares += d * d;
  }
  const double rstd = 1.0 / sqrt(warp_sum(squares) / count + op.epsilon);
  for (std::int64_t i = threadIdx.x; i < cols; i += kWarpThreads) {
    const double n = (static_cast<double>(x[i]) - mean) * rstd;
    y[i] = static_cast<float>(n * static_cast<double>(op.gamma.data[i]) +
                              static_cast<double>(op.beta.data[i]));
  }
  if (threadIdx.x != 0) return;
  op.mean.data[row] = mean;
  op.rstd.data[row] = rstd;
}

__global__ void __launch_bounds__(kWarpThreads* kRowsOfBlock)
    input_gradient_kernel(LayerNormBackward<float> op) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kRowsOfBlock + threadIdx.y;
  if (row >= op.x.rows) return;
  const std::int64_t cols = op.x.cols;
  const float* x = op.x.data + row * cols;
  const float* dy = op.dy.data + row * cols;
  float* dx = op.dx.data + row * cols;
  const double mean = op.mean.data[row];
  const double rstd = op.rstd.data[row];
  double g_sum = 0.0;
  double gn_sum = 0.0;
  for (std::int64_t i = threadIdx.x; i < cols; i += kWarpThreads) {
    const double g = static_cast<double>(dy[i]) * static_cast<double>(op.gamma.data[i]);
    g_sum += g;
    gn_sum += g * ((static_cast<double>(x[i]) - mean) * rstd);
  }
  const double count = static_cast<double>(cols);
  const double g_mean = warp_sum(g_sum) / count;
  const double gn_mean = warp_sum(gn_sum) / count;
  for (std::int64_t i = threadIdx.x; i < cols; i += kWarpThreads) {
    const double g = static_cast<double>(dy[i]) * static_cast<double>(op.gamma.data[i]);
    const double n = (static_cast<double>(x[i]) - mean) * rstd;
    dx[i] = static_cast<float>(rstd * (g - g_mean - n * gn_mean));
  }
}

struct ColumnSums {
  double gamma;
  double beta;
};

__global__ void __launch_bounds__(kColumns* kRowThreads)
    column_sums_kernel(LayerNormBackward<float> op) {
  GPU_SHARED(ColumnSums, partial, [kRowThreads][kColumns]);
  const std::int64_t col = std::int64_t{blockIdx.x} * kColumns + threadIdx.x;
  ColumnSums sums{0.0, 0.0};
  if (col < op.x.cols) {
    for (std::int64_t row = threadIdx.y; row < op.x.rows; row += kRowThreads) {
      const std::int64_t i = row * op.x.cols + col;
      const double dy = static_cast<double>(op.dy.data[i]);
      const double n = (static_cast<double>(op.x.data[i]) - op.mean.data[row]) * op.rstd.data[row];
      sums.gamma += dy * n;
      sums.beta += dy;
    }
  }
  partial[threadIdx.y][threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y > 0 || col >= op.x.cols) return;
  for (int y = 1; y < kRowThreads; ++y) {
    sums.gamma += partial[y][threadIdx.x].gamma;
    sums.beta += partial[y][threadIdx.x].beta;
  }
  if (op.dgamma.data != nullptr) op.dgamma.data[col] = static_cast<float>(sums.gamma);
  if (op.dbeta.data != nullptr) op.dbeta.data[col] = static_cast<float>(sums.beta);
}

gpu::LaunchShape rows_shape(std::int64_t rows) {
  return {blocks_for(rows, kRowsOfBlock), {kWarpThreads, kRowsOfBlock}};
}

void layer_norm_forward(GpuBackend& backend, const LayerNormForward<float>& op) {
  if (op.x.rows == 0) return;
  gpu::launch(normalise_kernel, rows_shape(op.x.rows), backend.queue(), op);
}

void layer_norm_backward(GpuBackend& backend, const LayerNormBackward<float>& op) {
  if (op.dgamma.data != nullptr || op.dbeta.data != nullptr) {
    gpu::launch(column_sums_kernel, {blocks_for(op.x.cols, kColumns), {kColumns, kRowThreads}},
                backend.queue(), op);
  }
  if (op.dx.data == nullptr || op.x.rows == 0) return;
  gpu::launch(input_gradient_kernel, rows_shape(op.x.rows), backend.queue(), op);
}

const KernelsOf<layer_norm_forward, layer_norm_backward> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
