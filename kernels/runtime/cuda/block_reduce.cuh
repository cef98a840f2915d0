// Computes:    sums of doubles over a block, and over a grid in one launch
// Shapes:      one value per thread; the block's sum reaches thread 0, the grid's reaches memory
// DTypes:      float64
// Launch:      called by every thread of the block together; 1-D blocks of whole warps
// Traffic:     grid_sum: 8 bytes per block, written and read once
// Determinism: within a warp as warp_reduce.cuh, warps in order, blocks in order of their index:
//              the same bits on every run of one grid and block
// Edge cases:  NaN and infinity are carried on
// Errors:      none
// Reference:   CUDA sample threadFenceReduction: the last block to arrive folds
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/warp_reduce.cuh"

namespace gradvitals::GPU_NAMESPACE {

/// The sum over a block of kThreads threads, in thread 0. Ends with a barrier, so that it may be
/// called again.
template <int kThreads>
__device__ __forceinline__ double block_sum(double value) {
  constexpr int kWarps = kThreads / kWarpThreads;
  static_assert(kThreads % kWarpThreads == 0 && kWarps <= kWarpThreads);
  GPU_SHARED(double, warp_sums, [kWarps]);
  const int warp = static_cast<int>(threadIdx.x) / kWarpThreads;
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  value = warp_sum(value);
  if (lane == 0) warp_sums[warp] = value;
  __syncthreads();
  double sum = 0.0;
  if (threadIdx.x == 0) {
    for (int w = 0; w < kWarps; ++w) sum += warp_sums[w];
  }
  __syncthreads();
  return sum;
}

/// What grid_sum() keeps in device memory.
struct GridSum {
  double* partial = nullptr;   ///< kGridSumBlocks, uninitialised.
  unsigned* ticket = nullptr;  ///< 0 before the launch, and after it.
};

/// The most blocks that grid_sum() adds: seven for each multiprocessor of an H100.
inline constexpr std::int64_t kGridSumBlocks = 1024;

/// Blocks for `count` items with `per_block` each where there is enough of them. It depends on
/// nothing else, and with it the order of additions.
inline unsigned grid_sum_blocks(std::int64_t count, std::int64_t per_block) {
  const std::int64_t blocks = (count + per_block - 1) / per_block;
  return static_cast<unsigned>(std::clamp<std::int64_t>(blocks, 1, kGridSumBlocks));
}

/// True in every thread of the last block to arrive, which then sees all that thread 0 of each other
/// block has written.
__device__ __forceinline__ bool is_last_block(unsigned* ticket) {
  GPU_SHARED(unsigned, arrived, [1]);
  if (threadIdx.x == 0) {
    arrived[0] = gpu::fetch_add_acq_rel(ticket, 1u);
  }
  __syncthreads();
  return arrived[0] == gridDim.x - 1;
}

/// The sum over a 1-D grid. Returns true in thread 0 of one block, which then has it. Called once per
/// kernel.
template <int kThreads>
__device__ __forceinline__ bool grid_sum(double value, const GridSum& memory, double* sum) {
  const double block = block_sum<kThreads>(value);
  if (threadIdx.x == 0) memory.partial[blockIdx.x] = block;
  if (!is_last_block(memory.ticket)) return false;
  double mine = 0.0;
  for (unsigned b = threadIdx.x; b < gridDim.x; b += kThreads) mine += memory.partial[b];
  *sum = block_sum<kThreads>(mine);
  if (threadIdx.x != 0) return false;
  atomicExch(memory.ticket, 0u);
  return true;
}

}  // namespace gradvitals::GPU_NAMESPACE
