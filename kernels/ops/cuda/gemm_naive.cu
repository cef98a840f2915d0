// Computes:    c = alpha * op(a) op(b) + beta * c + bias; y = activation(c)
// Shapes:      op(a) (M,K), op(b) (K,N), c and y (M,N)
// DTypes:      float32
// Launch:      one thread per element of c, 16 x 16 threads a block, no shared memory, no sync.
//              Neighbouring threads take neighbouring rows, which lie far apart in memory
// Traffic:     8 K bytes per element of c, from cache at best -> bound by loads
// Determinism: one chain of fused multiply-adds with k ascending
// Edge cases:  K = 0 leaves beta * c + bias; any M, N > 0 and any start
// Errors:      CudaError where the launch fails
// Reference:   cpu/gemm.cpp; the first kernel one writes
#include "kernels/ops/cuda/gemm.h"

#include <cstdint>

#include "kernels/ops/cuda/gemm_epilogue.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kTile = 16;

__global__ void __launch_bounds__(kTile* kTile) gemm_naive_kernel(Product p) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kTile + threadIdx.x;
  const std::int64_t col = std::int64_t{blockIdx.y} * kTile + threadIdx.y;
  if (row >= p.m || col >= p.n) return;
  float sum = 0.0f;
  for (std::int64_t k = 0; k < p.k; ++k)
    sum = fmaf(element_a(p, row, k), element_b(p, k, col), sum);
  store_element(p, row, col, sum);
  if (p.y != nullptr) activate_element(p, row, col);
}

}  // namespace

void gemm_naive(gpu::Queue queue, const Product& p) {
  const gpu::LaunchShape shape{{blocks_for(p.m, kTile), blocks_for(p.n, kTile)}, {kTile, kTile}};
  gpu::launch(gemm_naive_kernel, shape, queue, p);
}

}  // namespace gradvitals::GPU_NAMESPACE
