// Computes:    the records of a warp merged (kernels/stats/partial_stats.h)
// Shapes:      one record per thread of a warp
// DTypes:      float64, int64
// Launch:      called by all 32 threads of a warp together
// Traffic:     none: 21 shuffles a step
// Determinism: a butterfly: the same order for every grid
// Edge cases:  records at different scales are added at the larger one; none of them give
//              the empty one
// Errors:      none
// Reference:   partial_stats.cpp, fold_parts()
#pragma once

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/stats/partial_stats.h"

namespace gradvitals::GPU_NAMESPACE {

/// The sum of the lanes' records, in every lane.
__device__ __forceinline__ TensorStats sum_over_warp(TensorStats mine) {
#pragma unroll 1
  for (int distance = kWarpThreads / 2; distance > 0; distance /= 2) {
    const TensorStats sent = mine;
    merge_members(mine,
                  [&](auto member) { return __shfl_xor_sync(kWholeWarp, sent.*member, distance); });
  }
  return mine;
}

}  // namespace gradvitals::GPU_NAMESPACE
