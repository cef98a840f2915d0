// Computes:    c += bias; y = activation(c), after a product that lacks them
// Shapes:      c and y (M,N), bias (N)
// DTypes:      float32
// Launch:      one thread per element of c, 32 x 8 threads a block, no shared memory, no sync
// Traffic:     reads c, writes c and y: up to 12 M N bytes -> bound by memory
// Determinism: the operations of gemm_epilogue.cuh: the same bits as in a product of our own
// Edge cases:  without bias, c is not written; without either nothing is launched; y may be c
// Errors:      CudaError where the launch fails
// Reference:   gemm_epilogue.cuh, where the algorithms have it in their stores
#include "kernels/ops/cuda/gemm_epilogue.cuh"

#include <cstdint>

#include "kernels/ops/cuda/gemm.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kColumns = kWarpThreads;  // Of a block: a warp reads neighbours.
constexpr int kRows = 8;

__global__ void __launch_bounds__(kColumns* kRows) gemm_epilogue_kernel(Product p) {
  // One dimension, which alone may be longer than 65535.
  const unsigned across = static_cast<unsigned>((p.n + kColumns - 1) / kColumns);
  const std::int64_t row = std::int64_t{blockIdx.x / across} * kRows + threadIdx.y;
  const std::int64_t col = std::int64_t{blockIdx.x % across} * kColumns + threadIdx.x;
  if (row >= p.m || col >= p.n) return;
  if (p.bias != nullptr) p.c[row * p.n + col] += p.bias[col];
  if (p.y != nullptr) activate_element(p, row, col);
}

}  // namespace

void gemm_epilogue(gpu::Queue queue, const Product& p) {
  if (p.bias == nullptr && p.y == nullptr) return;
  const gpu::LaunchShape shape{
      blocks_for(std::int64_t{blocks_for(p.n, kColumns)} * blocks_for(p.m, kRows), 1),
      {kColumns, kRows}};
  gpu::launch(gemm_epilogue_kernel, shape, queue, p);
}

}  // namespace gradvitals::GPU_NAMESPACE
