// Computes:    Philox4x32-10 words, uniforms and normals from them
// Shapes:      out (N)
// DTypes:      uint32, float32
// Launch:      one thread per four elements (one counter), 256 threads a block, no shared
//              memory, no sync
// Traffic:     4 N bytes written; about 100 integer operations a counter -> bound by arithmetic
// Determinism: an element depends on (seed, sequence, index) alone: the bits of the cpu device
// Edge cases:  N = 0 launches nothing; any N and any start
// Errors:      CudaError where the launch fails; kernels/ops/random.cpp has checked the arguments
// Reference:   kernels/ops/philox.h, kernels/ops/normal.h; cpu/random.cpp
#include "kernels/ops/random.h"

#include <cstdint>

#include "kernels/ops/normal.h"
#include "kernels/ops/philox.h"
#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kWords = 4;  // Of a counter.

struct Word {
  __device__ std::uint32_t operator()(std::uint32_t word) const { return word; }
};

struct Uniform {
  float low;
  float range;
  __device__ float operator()(std::uint32_t word) const {
    return fmaf(range, uniform_float32(word), low);
  }
};

struct Normal {
  float mean;
  float stddev;
  __device__ float operator()(std::uint32_t word) const {
    return fmaf(stddev, standard_normal(word), mean);
  }
};

template <class T, class Convert>
__global__ void __launch_bounds__(kThreads)
    fill_kernel(RandomKey key, std::int64_t count, Convert convert, T* out) {
  const std::int64_t counter = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const std::int64_t begin = counter * kWords;
  if (begin >= count) return;
  const PhiloxBlock block = random_block(key, static_cast<std::uint64_t>(counter));
#pragma unroll
  for (int j = 0; j < kWords; ++j) {
    if (begin + j < count) out[begin + j] = convert(block.word[j]);
  }
}

template <class T, class Convert>
void fill(gpu::Queue queue, RandomKey key, const VectorView<T>& out, const Convert& convert) {
  if (out.count == 0) return;
  constexpr std::int64_t kPerBlock = kThreads * kWords;
  const gpu::LaunchShape shape{blocks_for(out.count, kPerBlock), kThreads};
  gpu::launch(fill_kernel<T, Convert>, shape, queue, key, out.count, convert, out.data);
}

void fill_bits(GpuBackend& backend, const FillBits& op) {
  fill(backend.queue(), op.key, op.out, Word{});
}

void fill_uniform(GpuBackend& backend, const FillUniform<float>& op) {
  fill(backend.queue(), op.key, op.out,
       Uniform{static_cast<float>(op.low), static_cast<float>(op.high - op.low)});
}

void fill_normal(GpuBackend& backend, const FillNormal<float>& op) {
  fill(backend.queue(), op.key, op.out,
       Normal{static_cast<float>(op.mean), static_cast<float>(op.stddev)});
}

const KernelsOf<fill_bits, fill_uniform, fill_normal> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
