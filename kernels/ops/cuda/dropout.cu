// Computes:    y = x * (kept ? 1 / (1 - rate) : 0), what is kept by Philox of (mask, index); and the
//              mask from (key, counter)
// Shapes:      x, y (N); mask, counter (1)
// DTypes:      float32; masks are pairs of 64-bit words
// Launch:      one thread per four elements (one counter), 256 threads a block; a mask is made by one
//              thread. No shared memory, no sync
// Traffic:     8 N bytes; about 100 integer operations a counter -> bound by memory
// Determinism: an element depends on mask, index and x alone: the bits of the cpu device
// Edge cases:  N = 0 launches nothing; any N and any start; y may be x
// Errors:      CudaError where the launch fails; kernels/ops/dropout.cpp has checked the arguments
// Reference:   kernels/ops/dropout_mask.h; cpu/dropout.cpp
#include "kernels/ops/dropout.h"

#include <cstdint>

#include "kernels/ops/dropout_mask.h"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;

__global__ void next_mask_kernel(NextMask op) {
  const std::uint64_t count = *op.counter.data;
  *op.mask.data = mask_of(op.key, count);
  *op.counter.data = count + 1;
}

__global__ void __launch_bounds__(kThreads)
    apply_mask_kernel(ApplyMask<float> op, KeptOrDropped<float> kept) {
  const std::int64_t counter = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const std::int64_t begin = counter * kMaskWords;
  if (begin >= op.x.count) return;
  const PhiloxBlock block = random_block(*op.mask.data, static_cast<std::uint64_t>(counter));
#pragma unroll
  for (int j = 0; j < kMaskWords; ++j) {
    const std::int64_t i = begin + j;
    if (i < op.x.count) op.y.data[i] = op.x.data[i] * kept.factor(block.word[j]);
  }
}

void next_mask(GpuBackend& backend, const NextMask& op) {
  gpu::launch(next_mask_kernel, {1, 1}, backend.queue(), op);
}

void apply_mask(GpuBackend& backend, const ApplyMask<float>& op) {
  if (op.x.count == 0) return;
  constexpr std::int64_t kPerBlock = kThreads * kMaskWords;
  gpu::launch(apply_mask_kernel, {blocks_for(op.x.count, kPerBlock), kThreads}, backend.queue(), op,
              KeptOrDropped<float>(op.rate));
}

const KernelsOf<next_mask, apply_mask> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
