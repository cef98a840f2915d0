// Computes:    y = activation(x w + b); backward: delta = dy * activation'(z), dx = delta w^T,
//              dw = x^T delta, db = column sums of delta
// Shapes:      x (B,I), w (I,O), b (O), y, z, dy, delta (B,O)
// DTypes:      float32; db is summed in float64
// Launch:      forward one product (gemm.h) with bias and activation in it; backward map.cuh, two
//              products, and 32 x 8 threads per 32 columns of db. No sync
// Traffic:     that of the products; db reads delta once
// Determinism: the same bits on every run
// Edge cases:  B, I or O 0; z, b, dx, dw and db may be null; delta may be the memory of dy
// Errors:      none beyond CudaError; kernels/ops/dense.cpp has checked the arguments
// Reference:   cpu/dense.cpp
#include "kernels/ops/dense.h"

#include <cstdint>

#include "kernels/ops/cuda/activation.h"
#include "kernels/ops/cuda/gemm.h"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kColumns = kWarpThreads;  // Of a block: a warp reads neighbours.
constexpr int kRowThreads = 8;

/// sums[col] over the rows of (rows,cols): thread y takes rows y, y + 8, ..., and the eight are
/// added in order.
__global__ void __launch_bounds__(kColumns* kRowThreads)
    column_sums_kernel(const float* matrix, std::int64_t rows, std::int64_t cols, float* sums) {
  GPU_SHARED(double, partial, [kRowThreads][kColumns]);
  const std::int64_t col = std::int64_t{blockIdx.x} * kColumns + threadIdx.x;
  double sum = 0.0;
  if (col < cols) {
    for (std::int64_t row = threadIdx.y; row < rows; row += kRowThreads) {
      sum += static_cast<double>(matrix[row * cols + col]);
    }
  }
  partial[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || col >= cols) return;
  for (int y = 1; y < kRowThreads; ++y) sum += partial[y][threadIdx.x];
  sums[col] = static_cast<float>(sum);
}

void column_sums(gpu::Queue queue, const MatrixView<float>& matrix, float* sums) {
  if (matrix.cols == 0) return;
  gpu::launch(column_sums_kernel, {blocks_for(matrix.cols, kColumns), {kColumns, kRowThreads}},
              queue, matrix.data, matrix.rows, matrix.cols, sums);
}

void dense_forward(GpuBackend& backend, const DenseForward<float>& op) {
  const float* z = op.z.data;
  const bool is_linear = op.activation == Activation::kLinear;
  multiply(backend, {.m = op.x.rows,
                     .n = op.w.cols,
                     .k = op.x.cols,
                     .a = op.x.data,
                     .b = op.w.data,
                     .c = z != nullptr ? op.z.data : op.y.data,
                     .bias = op.b.data,
                     .activation = op.activation,
                     .y = is_linear && z == nullptr ? nullptr : op.y.data});
}

void dense_backward(GpuBackend& backend, const DenseBackward<float>& op) {
  activation_backward(backend, {.activation = op.activation,
                                .z = op.z.flat(),
                                .y = op.y.flat(),
                                .dy = op.dy.flat(),
                                .dz = op.delta.flat()});
  if (op.db.data != nullptr) column_sums(backend.queue(), op.delta, op.db.data);
  if (op.dw.data != nullptr) {
    multiply(backend, {.m = op.x.cols,
                       .n = op.delta.cols,
                       .k = op.x.rows,
                       .a = op.x.data,
                       .transpose_a = true,
                       .b = op.delta.data,
                       .c = op.dw.data});
  }
  if (op.dx.data != nullptr) {
    multiply(backend, {.m = op.delta.rows,
                       .n = op.w.rows,
                       .k = op.delta.cols,
                       .a = op.delta.data,
                       .b = op.w.data,
                       .transpose_b = true,
                       .c = op.dx.data});
  }
}

const KernelsOf<dense_forward, dense_backward> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
