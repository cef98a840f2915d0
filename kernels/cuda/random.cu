// Computes:    Philox4x32-10 words, uniforms and normals from them
// Shapes:      out (N)
// DTypes:      uint32, float32
// Launch:      one thread per four elements (one counter), 256 threads a block, no shared
//              memory, no sync
// Traffic:     4 N bytes written; about 100 integer operations a counter -> bound by arithmetic
// Determinism: an element depends on (seed, sequence, index) alone: the bits of the cpu device
// Edge cases:  N = 0 launches nothing; any N and any start
// Errors:      CudaError where the launch fails; kernels/random.cpp has checked the arguments
// Reference:   kernels/philox.h, kernels/normal.h; cpu/random.cpp
#include "kernels/random.h"

#include <cstdint>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/gpu.h"
#include "kernels/cuda/grid.cuh"
#include "kernels/normal.h"
#include "kernels/philox.h"

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

}  // namespace

void GpuBackend::fill_bits(const FillBits& op) {
  fill(queue_, op.key, op.out, Word{});
}

void GpuBackend::fill_uniform(const FillUniform<float>& op) {
  fill(queue_, op.key, op.out,
       Uniform{static_cast<float>(op.low), static_cast<float>(op.high - op.low)});
}

void GpuBackend::fill_normal(const FillNormal<float>& op) {
  fill(queue_, op.key, op.out, Normal{static_cast<float>(op.mean), static_cast<float>(op.stddev)});
}

}  // namespace gradvitals::GPU_NAMESPACE
