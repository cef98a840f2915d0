// Computes:    one record per tensor of a table, and one of all gradients (kernels/tensor_stats.h)
// Shapes:      a table of any number of tensors, each of any count, 0 included
// DTypes:      float32, float64, float16, bfloat16; sums float64 from the first square
// Launch:      one: as many blocks of 8 warps as the GPU holds, fewer where there are fewer chunks;
//              no shared memory. No sync
// Traffic:     reads each element once; 88 bytes per gradient, and per chunk of a larger tensor
//              -> bound by memory
// Determinism: a warp reads a chunk (tensor_stats_chunk.cuh), the last warp to arrive at 32 chunks
//              folds them, the last at a tensor folds those; gradients likewise, to the record of
//              all: the same bits for every grid
// Edge cases:  a tensor without elements has the empty record; a small one costs a warp, no block
// Errors:      CudaError where the launch fails; kernels/tensor_stats.cpp has checked the arguments
// Reference:   cpu/tensor_stats.cpp; CUDA sample threadFenceReduction
#include "kernels/tensor_stats.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/gpu.h"
#include "kernels/cuda/grid.cuh"
#include "kernels/cuda/tensor_stats_chunk.cuh"
#include "kernels/cuda/tensor_stats_record.cuh"
#include "kernels/cuda/warp_reduce.cuh"

namespace gradvitals::GPU_NAMESPACE {
namespace {

using Entry = TensorStatsTable::Entry;

constexpr std::int64_t kChunk = TensorStatsTable::kChunkElements;
constexpr std::int64_t kGroup = TensorStatsTable::kGroupChunks;
constexpr int kWarps = 8;  // Of a block.
constexpr int kThreads = kWarps * kWarpThreads;
// 24 warps with 2 KB of loads in flight each: 48 KB a multiprocessor, enough for an H200.
constexpr int kBlocksPerMultiprocessor = 3;

/// Records that are added up, a group at a time: chunks to a tensor, gradients to all gradients.
struct Sum {
  TensorStats* parts;
  TensorStats* groups;
  unsigned* group_tickets;  ///< 0 before the launch, and after it.
  unsigned* ticket;         ///< Likewise.
  std::int64_t part_count;
};

/// The table, and where records go: of tensors to `out`, behind them that of all gradients, and of
/// their parts to memory in between.
struct Work {
  const Entry* entries;
  std::int64_t entry_count;
  std::int64_t chunk_count;
  Sum chunks;     ///< Of all tensors: each has its own stretch of it.
  Sum gradients;  ///< All of them.
  TensorStats* out;
};

__device__ __forceinline__ std::int64_t parts(std::int64_t count, std::int64_t size) {
  return (count + size - 1) / size;
}

/// The last entry that starts at or before the chunk: those without elements start there, too, and
/// come before it. The lanes look at 32 entries at a time.
__device__ __forceinline__ std::int64_t find_entry(const Work& work, std::int64_t chunk, int lane) {
  std::int64_t low = 0;
  std::int64_t high = work.entry_count;
  while (high - low > 1) {
    const std::int64_t step = parts(high - low, kWarpThreads);
    const std::int64_t probe = low + lane * step;
    const bool before = probe < high && work.entries[probe].first_chunk <= chunk;
    const int found = __popc(__ballot_sync(kWholeWarp, before ? 1 : 0));
    low += (found - 1) * step;
    high = min(high, low + step);
  }
  return low;
}

__device__ __forceinline__ TensorStats read_chunk(const Entry& entry, std::int64_t offset,
                                                  int lane) {
  const int count = static_cast<int>(min(kChunk, entry.count - offset));
  const char* data = static_cast<const char*>(entry.data);
  switch (entry.dtype) {
    case DType::kFloat32:
      return chunk_record<float>(data + offset * 4, count, lane);
    case DType::kFloat64:
      return chunk_record<double>(data + offset * 8, count, lane);
    case DType::kFloat16:
      return chunk_record<Float16>(data + offset * 2, count, lane);
    case DType::kBFloat16:
      return chunk_record<BFloat16>(data + offset * 2, count, lane);
  }
  return empty_record();
}

/// Stores a part's record; true in every lane of the warp that brings the last of `arrivals`, which
/// then sees the records of all.
__device__ __forceinline__ bool is_last(const TensorStats& record, TensorStats* place,
                                        unsigned* ticket, std::int64_t arrivals, int lane) {
  unsigned arrived = 0;
  if (lane == 0) {
    *place = record;
    __threadfence();
    arrived = atomicAdd(ticket, 1u) + 1u;
    if (arrived == arrivals) atomicExch(ticket, 0u);
  }
  arrived = __shfl_sync(kWholeWarp, arrived, 0);
  if (arrived != arrivals) return false;
  __threadfence();
  __syncwarp();
  return true;
}

/// Adds a part: true in the warp that brings the last one, whose record then is the sum.
__device__ __forceinline__ bool add_part(const Sum& sum, std::int64_t part, TensorStats& record,
                                         int lane) {
  if (sum.part_count == 1) return true;
  const std::int64_t groups = parts(sum.part_count, kGroup);
  const std::int64_t group = part / kGroup;
  const std::int64_t first = group * kGroup;
  const std::int64_t in_group = min(kGroup, sum.part_count - first);
  if (!is_last(record, sum.parts + part, sum.group_tickets + group, in_group, lane)) return false;
  record = fold(sum.parts + first, in_group, lane);
  if (groups == 1) return true;
  if (!is_last(record, sum.groups + group, sum.ticket, groups, lane)) return false;
  record = fold(sum.groups, groups, lane);
  return true;
}

__device__ __forceinline__ Sum sum_of_tensor(const Work& work, std::int64_t index) {
  const Entry& entry = work.entries[index];
  return {.parts = work.chunks.parts + entry.first_chunk,
          .groups = work.chunks.groups + entry.first_group,
          .group_tickets = work.chunks.group_tickets + entry.first_group,
          .ticket = work.chunks.ticket + index,
          .part_count = parts(entry.count, kChunk)};
}

/// Passes a chunk's record on: to its tensor's, and that of a whole gradient to that of all.
__device__ __forceinline__ void deliver(const Work& work, std::int64_t index, std::int64_t chunk,
                                        TensorStats record, int lane) {
  const Entry& entry = work.entries[index];
  if (!add_part(sum_of_tensor(work, index), chunk - entry.first_chunk, record, lane)) return;
  if (lane == 0) work.out[index] = unscaled(record);
  if (entry.gradient < 0) return;
  if (record.first_nonfinite_index >= 0) record.first_nonfinite_index += entry.first_element;
  if (!add_part(work.gradients, entry.gradient, record, lane)) return;
  if (lane == 0) work.out[work.entry_count] = unscaled(record);
}

__global__ void __launch_bounds__(kThreads, kBlocksPerMultiprocessor)
    tensor_stats_kernel(Work work) {
  const std::int64_t thread = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t threads = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = thread; i < work.entry_count; i += threads) {
    if (work.entries[i].count == 0) work.out[i] = empty_record();
  }
  if (thread == 0 && work.gradients.part_count == 0) work.out[work.entry_count] = empty_record();
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  const std::int64_t warp = thread / kWarpThreads;
  const std::int64_t warps = threads / kWarpThreads;
  const std::int64_t begin = work.chunk_count * warp / warps;
  const std::int64_t end = work.chunk_count * (warp + 1) / warps;
  if (begin == end) return;
  std::int64_t index = find_entry(work, begin, lane);
  for (std::int64_t chunk = begin; chunk < end; ++chunk) {
    while (chunk - work.entries[index].first_chunk >= parts(work.entries[index].count, kChunk)) {
      ++index;
    }
    const std::int64_t offset = (chunk - work.entries[index].first_chunk) * kChunk;
    TensorStats record = read_chunk(work.entries[index], offset, lane);
    if (record.first_nonfinite_index >= 0) record.first_nonfinite_index += offset;
    deliver(work, index, chunk, record, lane);
  }
}

}  // namespace

void GpuBackend::tensor_stats(const TensorStatsTable& table, const VectorView<TensorStats>& out,
                              Buffer& workspace) {
  auto* records = static_cast<TensorStats*>(workspace.data());
  unsigned* tickets = table.device_tickets();
  const auto next_records = [&](std::int64_t count) {
    return std::exchange(records, records + count);
  };
  const auto next_tickets = [&](std::int64_t count) {
    return std::exchange(tickets, tickets + count);
  };
  const Work work{.entries = table.device_entries(),
                  .entry_count = table.size(),
                  .chunk_count = table.chunk_count(),
                  .chunks = {.parts = next_records(table.chunk_count()),
                             .groups = next_records(table.group_count()),
                             .group_tickets = next_tickets(table.group_count()),
                             .ticket = next_tickets(table.size()),
                             .part_count = table.chunk_count()},
                  .gradients = {.parts = next_records(table.gradient_count()),
                                .groups = next_records(table.gradient_group_count()),
                                .group_tickets = next_tickets(table.gradient_group_count()),
                                .ticket = next_tickets(1),
                                .part_count = table.gradient_count()},
                  .out = out.data};
  const std::int64_t warps = std::clamp<std::int64_t>(table.chunk_count(), 1, kWarps);
  const std::int64_t most_blocks =
      std::int64_t{gpu::multiprocessor_count()} * kBlocksPerMultiprocessor;
  const auto blocks = static_cast<unsigned>(
      std::clamp<std::int64_t>(blocks_for(table.chunk_count(), warps), 1, most_blocks));
  gpu::launch(tensor_stats_kernel, {blocks, static_cast<unsigned>(warps) * kWarpThreads}, queue_,
              work);
}

}  // namespace gradvitals::GPU_NAMESPACE
