// Computes:    c = alpha * op(a) op(b) + beta * c + bias; y = activation(c)
// Shapes:      op(a) (M,K), op(b) (K,N), c and y (M,N)
// DTypes:      float32
// Launch:      one thread per element of c, 16 x 16 threads a block with a tile of a and of b in
//              2.1 KB of shared memory, no sync with the host
// Traffic:     K / 2 bytes per element of c: each value read serves 16 threads -> bound by loads
//              from shared memory
// Determinism: one chain of fused multiply-adds with k ascending
// Edge cases:  tiles are padded with zeros; K = 0 leaves beta * c + bias
// Errors:      CudaError where the launch fails
// Reference:   cpu/gemm.cpp; CUDA C++ Programming Guide, "Shared Memory"
#include <cstdint>

#include "kernels/ops/cuda/gemm.h"
#include "kernels/ops/cuda/gemm_epilogue.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kTile = 16;

/// Element (i, j) of a tile whose neighbouring threads read neighbouring memory: along j where the
/// matrix is stored that way, else along i.
struct TilePlace {
  int i;
  int j;
};
__device__ __forceinline__ TilePlace tile_place(bool along_i) {
  const int x = static_cast<int>(threadIdx.x);
  const int y = static_cast<int>(threadIdx.y);
  return along_i ? TilePlace{x, y} : TilePlace{y, x};
}

__global__ void __launch_bounds__(kTile* kTile) gemm_shared_tiled_kernel(Product p) {
  // One column more than the tile has: a column's elements then lie in different banks.
  GPU_SHARED(float, tile_a, [kTile][kTile + 1]);
  GPU_SHARED(float, tile_b, [kTile][kTile + 1]);
  const std::int64_t first_row = std::int64_t{blockIdx.y} * kTile;
  const std::int64_t first_col = std::int64_t{blockIdx.x} * kTile;
  const TilePlace place_a = tile_place(p.transpose_a);
  const TilePlace place_b = tile_place(p.transpose_b);
  const std::int64_t a_row = first_row + place_a.i;
  const std::int64_t b_col = first_col + place_b.j;
  float sum = 0.0f;
  for (std::int64_t k = 0; k < p.k; k += kTile) {
    const std::int64_t a_k = k + place_a.j;
    const std::int64_t b_k = k + place_b.i;
    tile_a[place_a.i][place_a.j] = a_row < p.m && a_k < p.k ? element_a(p, a_row, a_k) : 0.0f;
    tile_b[place_b.i][place_b.j] = b_col < p.n && b_k < p.k ? element_b(p, b_k, b_col) : 0.0f;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kTile; ++i) {
      sum = fmaf(tile_a[threadIdx.y][i], tile_b[i][threadIdx.x], sum);
    }
    __syncthreads();
  }
  const std::int64_t row = first_row + threadIdx.y;
  const std::int64_t col = first_col + threadIdx.x;
  if (row >= p.m || col >= p.n) return;
  store_element(p, row, col, sum);
  if (p.y != nullptr) activate_element(p, row, col);
}

}  // namespace

void gemm_shared_tiled(gpu::Queue queue, const Product& p) {
  const gpu::LaunchShape shape{{blocks_for(p.n, kTile), blocks_for(p.m, kTile)}, {kTile, kTile}};
  gpu::launch(gemm_shared_tiled_kernel, shape, queue, p);
}

}  // namespace gradvitals::GPU_NAMESPACE
