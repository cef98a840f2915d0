// Computes:    per tensor how many elements have which exponent, and how many are 0, NaN and infinite
// Shapes:      any number of tensors (N), N of each its own, 0 included; out one record per tensor
// DTypes:      float32, float64, float16, bfloat16; counts int64
// Launch:      one for each 64 tensors: a block of 256 threads per chunk of 16384 elements, 36 KB
//              of shared memory. No sync
// Traffic:     reads each element once, and adds at most 36 counts per chunk -> bound by memory
// Determinism: counts are exact, so the order in which blocks add theirs does not matter
// Edge cases:  a tensor without elements or without data has no counts
// Errors:      CudaError where a launch fails; kernels/stats/exponent_histogram.cpp has checked the
//              arguments
// Reference:   cpu/exponent_histogram.cpp
#include "kernels/stats/exponent_histogram.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/cuda/stored.cuh"
#include "kernels/stats/exponent_rows.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kWarps = 8;  // Of a block.
constexpr int kThreads = kWarps * kWarpThreads;
constexpr std::int64_t kChunk = 16384;  // 64 elements a thread, which has 36 counts to add up.
constexpr int kTensors = 64;            // Of a launch, whose arguments are 4 KB at most.

/// What atomicAdd() takes.
using Count = unsigned long long;
static_assert(sizeof(Count) == sizeof(std::int64_t));
static_assert(sizeof(ExponentHistogram) == kExponentRows * sizeof(Count));

struct Tensor {
  const void* data;
  std::int64_t count;
  std::int64_t first_chunk;  ///< Chunks of the launch before it.
  DType dtype;
};

/// The tensors of one launch.
struct Batch {
  Tensor tensors[kTensors];
  int count;
};
static_assert(sizeof(Batch) < 4000);

/// Into the thread's own counts, so that none waits for another's: a row of them is one for each
/// lane of the warp, in as many banks.
template <class T>
__device__ __forceinline__ void count_elements(const T* values, int count, unsigned* counts) {
#pragma unroll 4
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) {
    ++counts[exponent_row<T>(bits_of(values[i])) * kWarpThreads];
  }
}

__device__ __forceinline__ void count_chunk(const Tensor& tensor, std::int64_t chunk,
                                            unsigned* counts) {
  const std::int64_t first = (chunk - tensor.first_chunk) * kChunk;
  const auto count = static_cast<int>(min(tensor.count - first, kChunk));
  switch (tensor.dtype) {
    case DType::kFloat64:
      return count_elements(static_cast<const double*>(tensor.data) + first, count, counts);
    case DType::kFloat16:
      return count_elements(static_cast<const Float16*>(tensor.data) + first, count, counts);
    case DType::kBFloat16:
      return count_elements(static_cast<const BFloat16*>(tensor.data) + first, count, counts);
    default:
      return count_elements(static_cast<const float*>(tensor.data) + first, count, counts);
  }
}

__global__ void __launch_bounds__(kThreads) exponent_histogram_kernel(Batch batch, Count* out) {
  GPU_SHARED(unsigned, counts, [kWarps][kExponentRows][kWarpThreads]);
  const auto chunk = static_cast<std::int64_t>(blockIdx.x);
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  const int warp = static_cast<int>(threadIdx.x) / kWarpThreads;
  int index = 0;
  while (index + 1 < batch.count && batch.tensors[index + 1].first_chunk <= chunk) ++index;
  for (int row = 0; row < kExponentRows; ++row) counts[warp][row][lane] = 0;
  count_chunk(batch.tensors[index], chunk, &counts[warp][0][lane]);
  __syncthreads();
  for (int row = warp; row < kExponentRows; row += kWarps) {
    std::uint32_t sum = 0;
    for (int other = 0; other < kWarps; ++other) sum += counts[other][row][lane];
    sum = warp_sum(sum);
    if (lane == 0 && sum > 0) atomicAdd(out + index * kExponentRows + row, Count{sum});
  }
}

void exponent_histogram(GpuBackend& backend, const ExponentHistogramPass& pass) {
  Count* out = static_cast<Count*>(static_cast<void*>(pass.out.data));
  gpu::zero_async(out, pass.out.count * std::int64_t{sizeof(ExponentHistogram)}, backend.queue());
  std::span<const TensorView> left = pass.views;
  while (!left.empty()) {
    const std::size_t count = std::min<std::size_t>(left.size(), kTensors);
    Batch batch{};
    batch.count = static_cast<int>(count);
    std::int64_t chunks = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t elements = left[i].data == nullptr ? 0 : left[i].count;
      batch.tensors[i] = {left[i].data, elements, chunks, left[i].dtype};
      chunks += (elements + kChunk - 1) / kChunk;
    }
    if (chunks > 0) {
      gpu::launch(exponent_histogram_kernel, {blocks_for(chunks, 1), kThreads}, backend.queue(),
                  batch, out);
    }
    out += count * kExponentRows;
    left = left.subspan(count);
  }
}

const KernelsOf<exponent_histogram> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
