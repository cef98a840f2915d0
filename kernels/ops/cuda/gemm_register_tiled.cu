// Computes:    c = alpha * op(a) op(b) + beta * c + bias; y = activation(c)
// Shapes:      op(a) (M,K), op(b) (K,N), c and y (M,N)
// DTypes:      float32
// Launch:      256 threads per 64 x 64 tile of c, 4 x 4 elements each; 8.3 KB of shared memory for
//              strips of a and b 16 deep; no sync with the host
// Traffic:     K / 8 bytes per element of c -> bound by loads from shared memory, of which there
//              are 8 for 16 multiply-adds
// Determinism: one chain of fused multiply-adds with k ascending
// Edge cases:  tiles are padded with zeros; K = 0 leaves beta * c + bias
// Errors:      CudaError where the launch fails
// Reference:   cpu/gemm_register_tiled.cpp; V. Volkov and J. Demmel, "Benchmarking GPUs to tune
//              dense linear algebra", SC 2008
#include <cstdint>

#include "kernels/ops/cuda/gemm.h"
#include "kernels/ops/cuda/gemm_epilogue.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 64;           // Rows and columns of c.
constexpr int kDepth = 16;          // Of a strip.
constexpr int kSide = 16;           // Threads along a tile's side,
constexpr int kEach = 4;            // and elements for each, kSide apart.
constexpr int kStride = kTile + 1;  // Writing along k then meets different banks.
static_assert(kSide * kEach == kTile && kSide * kSide == kThreads);

/// Rows [first, first + kTile) of op(a), or columns of op(b), k from `k` on. The matrix is stored
/// along k or along the rows; neighbouring threads read neighbours.
__device__ __forceinline__ void load_strip(const float* matrix, bool along_k, std::int64_t extent,
                                           std::int64_t depth, std::int64_t first, std::int64_t k,
                                           float (&strip)[kDepth][kStride]) {
#pragma unroll
  for (int e = static_cast<int>(threadIdx.x); e < kTile * kDepth; e += kThreads) {
    const int dk = along_k ? e % kDepth : e / kTile;
    const int di = along_k ? e / kDepth : e % kTile;
    const std::int64_t i = first + di;
    const bool inside = i < extent && k + dk < depth;
    const std::int64_t place = along_k ? i * depth + k + dk : (k + dk) * extent + i;
    strip[dk][di] = inside ? matrix[place] : 0.0f;
  }
}

__global__ void __launch_bounds__(kThreads, 2) gemm_register_tiled_kernel(Product p) {
  GPU_SHARED(float, strip_a, [kDepth][kStride]);
  GPU_SHARED(float, strip_b, [kDepth][kStride]);
  const std::int64_t first_row = std::int64_t{blockIdx.y} * kTile;
  const std::int64_t first_col = std::int64_t{blockIdx.x} * kTile;
  const int thread_row = static_cast<int>(threadIdx.x) / kSide;
  const int thread_col = static_cast<int>(threadIdx.x) % kSide;
  float sum[kEach][kEach] = {};
  for (std::int64_t k = 0; k < p.k; k += kDepth) {
    load_strip(p.a, !p.transpose_a, p.m, p.k, first_row, k, strip_a);
    load_strip(p.b, p.transpose_b, p.n, p.k, first_col, k, strip_b);
    __syncthreads();
#pragma unroll
    for (int dk = 0; dk < kDepth; ++dk) {
      float a[kEach];
      float b[kEach];
#pragma unroll
      for (int i = 0; i < kEach; ++i) a[i] = strip_a[dk][thread_row + i * kSide];
#pragma unroll
      for (int j = 0; j < kEach; ++j) b[j] = strip_b[dk][thread_col + j * kSide];
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
#pragma unroll
        for (int j = 0; j < kEach; ++j) sum[i][j] = fmaf(a[i], b[j], sum[i][j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kEach; ++i) {
#pragma unroll
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t row = first_row + thread_row + i * kSide;
      const std::int64_t col = first_col + thread_col + j * kSide;
      if (row < p.m && col < p.n) store_element(p, row, col, sum[i][j]);
    }
  }
  if (p.y == nullptr) return;
#pragma unroll 1
  for (int e = 0; e < kEach * kEach; ++e) {
    const std::int64_t row = first_row + thread_row + e / kEach * kSide;
    const std::int64_t col = first_col + thread_col + e % kEach * kSide;
    if (row < p.m && col < p.n) activate_element(p, row, col);
  }
}

}  // namespace

void gemm_register_tiled(gpu::Queue queue, const Product& p) {
  const gpu::LaunchShape shape{{blocks_for(p.n, kTile), blocks_for(p.m, kTile)}, kThreads};
  gpu::launch(gemm_register_tiled_kernel, shape, queue, p);
}

}  // namespace gradvitals::GPU_NAMESPACE
