// Computes:    per pair of tensors sum x_i y_i, sum x_i^2 and sum y_i^2
// Shapes:      any number of pairs (N), N of each its own, 0 included; out one record per pair
// DTypes:      float32, float64, float16, bfloat16; sums float64 from the first product
// Launch:      two for each 64 pairs: a block of 256 threads per chunk of 8192 elements, then a block per
//              pair for its chunks. No sync
// Traffic:     reads each element once, 24 bytes per chunk written and read -> bound by memory
// Determinism: chunks and the order of all additions follow from the counts: the same bits on every
//              run and GPU
// Edge cases:  a pair without elements has a record of zeros; NaN and Inf make their sums NaN
// Errors:      CudaError where a launch fails; kernels/stats/tensor_dots.cpp has checked the arguments
// Reference:   cpu/tensor_dots.cpp; multi-tensor launches with their arguments by value are from NVIDIA Apex
#include "kernels/stats/tensor_dots.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/block_reduce.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/cuda/stored.cuh"
#include "kernels/stats/stored.h"
#include "kernels/stats/tensor_dots_chunks.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kPairs = 64;  // Of a launch, whose arguments are 4 KB at most.

struct Pair {
  const void* x;
  const void* y;
  std::int64_t count;
  std::int64_t first_chunk;  ///< Chunks of the launch before it.
  DType dtype;
};

/// The pairs of one launch.
struct Batch {
  Pair pairs[kPairs];
  int count;
};
static_assert(sizeof(Batch) < 4000);

/// Exact; NaN for what is not finite.
template <class T>
__device__ __forceinline__ double finite_or_nan(T element) {
  const RegisterBits<T> bits = bits_of(element);
  const bool is_finite = (bits & Stored<T>::kMagnitude) < Stored<T>::kInfinity;
  return is_finite ? Convert<T>::to_double(bits) : static_cast<double>(NAN);
}

/// A thread's part of a chunk.
template <class T>
__device__ __forceinline__ TensorDots dots_of_thread(const Pair& pair, std::int64_t first,
                                                     int count) {
  const T* const x = static_cast<const T*>(pair.x) + first;
  const T* const y = static_cast<const T*>(pair.y) + first;
  TensorDots sums{0.0, 0.0, 0.0};
#pragma unroll 4
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) {
    const double a = finite_or_nan(x[i]);
    const double b = finite_or_nan(y[i]);
    sums.dot = fma(a, b, sums.dot);
    sums.x_sum_squares = fma(a, a, sums.x_sum_squares);
    sums.y_sum_squares = fma(b, b, sums.y_sum_squares);
  }
  return sums;
}

__device__ __forceinline__ TensorDots dots_of_thread(const Pair& pair, std::int64_t first,
                                                     int count) {
  switch (pair.dtype) {
    case DType::kFloat64:
      return dots_of_thread<double>(pair, first, count);
    case DType::kFloat16:
      return dots_of_thread<Float16>(pair, first, count);
    case DType::kBFloat16:
      return dots_of_thread<BFloat16>(pair, first, count);
    default:
      return dots_of_thread<float>(pair, first, count);
  }
}

/// In thread 0.
__device__ __forceinline__ TensorDots block_dots(const TensorDots& mine) {
  return {.dot = block_sum<kThreads>(mine.dot),
          .x_sum_squares = block_sum<kThreads>(mine.x_sum_squares),
          .y_sum_squares = block_sum<kThreads>(mine.y_sum_squares)};
}

__global__ void __launch_bounds__(kThreads) chunk_dots_kernel(Batch batch, TensorDots* chunks) {
  const auto chunk = static_cast<std::int64_t>(blockIdx.x);
  int index = 0;
  while (index + 1 < batch.count && batch.pairs[index + 1].first_chunk <= chunk) ++index;
  const Pair pair = batch.pairs[index];
  const std::int64_t first = (chunk - pair.first_chunk) * kDotsChunk;
  const std::int64_t rest = pair.count - first;
  const int count = static_cast<int>(rest < kDotsChunk ? rest : kDotsChunk);
  const TensorDots sums = block_dots(dots_of_thread(pair, first, count));
  if (threadIdx.x == 0) chunks[chunk] = sums;
}

__global__ void __launch_bounds__(kThreads)
    fold_dots_kernel(Batch batch, const TensorDots* chunks, TensorDots* out) {
  const Pair pair = batch.pairs[blockIdx.x];
  const std::int64_t count = (pair.count + kDotsChunk - 1) / kDotsChunk;
  TensorDots mine{0.0, 0.0, 0.0};
  for (std::int64_t i = threadIdx.x; i < count; i += kThreads) {
    const TensorDots& chunk = chunks[pair.first_chunk + i];
    mine.dot += chunk.dot;
    mine.x_sum_squares += chunk.x_sum_squares;
    mine.y_sum_squares += chunk.y_sum_squares;
  }
  const TensorDots sums = block_dots(mine);
  if (threadIdx.x == 0) out[blockIdx.x] = settled(sums);
}

void tensor_dots(GpuBackend& backend, const TensorDotsPass& pass) {
  TensorDots* chunks = pass.workspace.data;
  TensorDots* out = pass.out.data;
  std::span<const TensorPair> left = pass.pairs;
  while (!left.empty()) {
    const std::size_t count = std::min<std::size_t>(left.size(), kPairs);
    Batch batch{};
    batch.count = static_cast<int>(count);
    std::int64_t chunk_count = 0;
    for (std::size_t i = 0; i < count; ++i) {
      batch.pairs[i] = {left[i].x, left[i].y, left[i].count, chunk_count, left[i].dtype};
      chunk_count += dots_chunks_of(left[i].count);
    }
    if (chunk_count > 0) {
      gpu::launch(chunk_dots_kernel, {blocks_for(chunk_count, 1), kThreads}, backend.queue(), batch,
                  chunks);
    }
    gpu::launch(fold_dots_kernel, {static_cast<unsigned>(count), kThreads}, backend.queue(), batch,
                static_cast<const TensorDots*>(chunks), out);
    chunks += chunk_count;
    out += count;
    left = left.subspan(count);
  }
}

const KernelsOf<tensor_dots> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
