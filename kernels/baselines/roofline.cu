// Computes:    read_all: the sum of all words, modulo 2^32; copy_all: a copy
// Shapes:      V vectors of 16 bytes
// DTypes:      4-byte words
// Launch:      a grid that fills the GPU, 256 threads a block, a grid-stride loop; no shared
//              memory, no sync
// Traffic:     read_all reads 16 V bytes and writes 64 KB, copy_all reads and writes 16 V bytes
//              -> bound by memory
// Determinism: the sum is the same in every order
// Edge cases:  V = 0 gives the sum 0
// Errors:      std::invalid_argument (roofline.h); CudaError where the launch fails
// Reference:   J. McCalpin, STREAM
#include "kernels/baselines/roofline.h"

#include <algorithm>
#include <cstdint>

#include "kernels/baselines/queue_of.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/validate.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kVectorBytes = 16;
// All that a multiprocessor holds at 2048 threads.
constexpr int kBlocksPerMultiprocessor = 8;
constexpr std::int64_t kSums =
    kReadWorkspaceBytes / static_cast<std::int64_t>(sizeof(std::uint32_t));
constexpr std::int64_t kMaxBlocks = kSums / (kThreads / kWarpThreads);

__device__ __forceinline__ std::uint32_t word_sum(const uint4& vector) {
  return vector.x + vector.y + vector.z + vector.w;
}

template <int kDepth>
__global__ void __launch_bounds__(kThreads)
    read_kernel(const uint4* data, std::int64_t count, std::uint32_t* sums) {
  const std::int64_t thread = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const std::int64_t threads = std::int64_t{gridDim.x} * kThreads;
  std::uint32_t sum = 0;
  std::int64_t i = thread;
  for (; i + (kDepth - 1) * threads < count; i += kDepth * threads) {
    uint4 vectors[kDepth];
#pragma unroll
    for (int d = 0; d < kDepth; ++d) vectors[d] = __ldcs(data + i + d * threads);
#pragma unroll
    for (int d = 0; d < kDepth; ++d) sum += word_sum(vectors[d]);
  }
  for (; i < count; i += threads) sum += word_sum(__ldcs(data + i));
  sum = warp_sum(sum);
  if (threadIdx.x % kWarpThreads != 0) return;
  const std::int64_t warp = thread / kWarpThreads;
  sums[warp] = sum;
  // Warps beyond this grid have nothing to add.
  const std::int64_t warps = threads / kWarpThreads;
  for (std::int64_t w = warp + warps; w < kSums; w += warps) sums[w] = 0;
}

__global__ void __launch_bounds__(kThreads)
    copy_kernel(const uint4* source, std::int64_t count, uint4* destination) {
  const std::int64_t threads = std::int64_t{gridDim.x} * kThreads;
  for (std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count;
       i += threads) {
    destination[i] = source[i];
  }
}

unsigned full_grid() {
  return static_cast<unsigned>(
      std::min<std::int64_t>(gpu::multiprocessor_count() * kBlocksPerMultiprocessor, kMaxBlocks));
}

void check_vectors(const char* op, const void* data, std::int64_t bytes) {
  if (!starts_at_16_bytes(data) || bytes < 0 || bytes % kVectorBytes != 0) {
    validate::fail(op, "the data is not made of 16-byte vectors");
  }
}

}  // namespace

void read_all(Stream& stream, const void* data, std::int64_t bytes, int depth, Buffer& workspace) {
  const gpu::Queue queue = queue_of(stream, "read_all");
  check_vectors("read_all", data, bytes);
  if (workspace.bytes() < kReadWorkspaceBytes) {
    validate::fail("read_all", "the workspace is too small");
  }
  const auto* vectors = static_cast<const uint4*>(data);
  auto* sums = static_cast<std::uint32_t*>(workspace.data());
  const gpu::LaunchShape shape{full_grid(), kThreads};
  switch (depth) {
    case kReadDepths[0]:
      return gpu::launch(read_kernel<kReadDepths[0]>, shape, queue, vectors, bytes / kVectorBytes,
                         sums);
    case kReadDepths[1]:
      return gpu::launch(read_kernel<kReadDepths[1]>, shape, queue, vectors, bytes / kVectorBytes,
                         sums);
    case kReadDepths[2]:
      return gpu::launch(read_kernel<kReadDepths[2]>, shape, queue, vectors, bytes / kVectorBytes,
                         sums);
    default:
      validate::fail("read_all", "no such depth");
  }
}

void copy_all(Stream& stream, const void* source, std::int64_t bytes, void* destination) {
  const gpu::Queue queue = queue_of(stream, "copy_all");
  check_vectors("copy_all", source, bytes);
  check_vectors("copy_all", destination, bytes);
  gpu::launch(copy_kernel, {full_grid(), kThreads}, queue, static_cast<const uint4*>(source),
              bytes / kVectorBytes, static_cast<uint4*>(destination));
}

}  // namespace gradvitals::GPU_NAMESPACE
