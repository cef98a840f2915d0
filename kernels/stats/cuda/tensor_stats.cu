// Computes:    one record per tensor of a plan, and one of all gradients (kernels/stats/tensor_stats.h)
// Shapes:      a plan of any number of tensors, each of any count, 0 included
// DTypes:      float32, float64, float16, bfloat16; sums float64 from the first square
// Launch:      one: as many blocks of 8 warps as the GPU holds, a warp for each chunk in turn;
//              where there are no more chunks than that many blocks, a block for each. No sync
//              with the host
// Traffic:     reads each element once, those of a chunk with NaN, Inf or subnormals twice; 32
//              bytes per chunk, and 88 per gradient and per chunk of a larger tensor -> bound by
//              memory
// Determinism: a chunk's record depends on the chunk alone (tensor_stats_chunk.cuh). The last warp
//              to arrive at 32 chunks folds them, the last at 32 such sums folds those, and so on to
//              the tensor; gradients likewise, to the record of all: the same bits for every grid
// Edge cases:  a tensor without elements or without data has the empty record
// Errors:      CudaError where the launch fails; kernels/stats/tensor_stats.cpp has checked the arguments
// Reference:   cpu/tensor_stats.cpp; CUDA sample threadFenceReduction
#include "kernels/stats/tensor_stats.h"

#include <algorithm>
#include <cstdint>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/runtime/error.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/cuda/tensor_stats_chunk.cuh"
#include "kernels/stats/cuda/tensor_stats_record.cuh"
#include "kernels/stats/partial_stats.h"
#include "kernels/stats/tensor_stats_layout.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

using Entry = TensorStatsLayout::Entry;
using Chunk = TensorStatsLayout::Chunk;
using ChunkPlace = TensorStatsLayout::ChunkPlace;

constexpr std::int64_t kChunk = TensorStatsLayout::kChunkElements;
constexpr int kFanIn = kMergeFanIn;
constexpr int kWarps = 8;  // Of a block.
constexpr int kThreads = kWarps * kWarpThreads;
// 24 warps with 4 KB of loads in flight each, and 80 registers a thread. With 64 for 32 warps, loop
// state is spilled and conversions to float64 share a register: 322 us instead of 293 for 268
// million float32 (H200, benchmarks/tensor_stats).
constexpr int kBlocksPerMultiprocessor = 3;

__device__ __forceinline__ int element_bytes(DType dtype) {
  if (dtype == DType::kFloat64) return 8;
  return dtype == DType::kFloat32 ? 4 : 2;
}

/// Records that are added up, kFanIn at a time, then their sums likewise, and so on.
struct Tree {
  TensorStats* records;  ///< Of each node, leaves first, then level by level.
  unsigned* tickets;     ///< Of each node: how many of its parts have arrived. 0 before and after.
  int leaves;
};

/// The chunks, and where records go: of tensors to `out`, behind them that of all gradients, and of
/// their parts to the nodes of trees in between.
struct Work {
  const Entry* entries;
  const Chunk* chunks;
  int entry_count;
  bool has_empty;       ///< An entry without elements, or no gradient with one.
  int chunks_per_team;  ///< And one more for the first `longer_teams`.
  int longer_teams;
  TensorStats* records;  ///< Of the nodes of all trees.
  unsigned* tickets;
  Tree gradients;
  TensorStats* out;
};

__device__ __forceinline__ int parts(std::int64_t count, std::int64_t size) {
  return static_cast<int>((count + size - 1) / size);
}

/// Records that lane 0 has stored `count` parts of a node. True in every lane of the warp that
/// records the last of them, which then sees all.
__device__ __forceinline__ bool is_last(unsigned* ticket, unsigned count, int expected, int lane) {
  unsigned arrived = 0;
  if (lane == 0) {
    arrived = gpu::fetch_add_acq_rel(ticket, count) + count;
    if (arrived == static_cast<unsigned>(expected)) *ticket = 0;
  }
  arrived = __shfl_sync(kWholeWarp, arrived, 0);
  __syncwarp();  // What lane 0 has acquired, the others see.
  return arrived == static_cast<unsigned>(expected);
}

/// Records that lane 0 has stored `count` leaves, all of them parts of the node above `leaf`. True
/// in the warp that completes the tree, whose `record` then is the sum.
__device__ __forceinline__ bool complete(Tree tree, int leaf, unsigned count, TensorStats& record,
                                         int lane) {
  int node = leaf;
#pragma unroll 1
  for (int nodes = tree.leaves;; count = 1) {
    node /= kFanIn;
    const int first = node * kFanIn;
    const int expected = min(kFanIn, nodes - first);
    if (!is_last(tree.tickets + nodes + node, count, expected, lane)) return false;
    record = sum_over_warp(lane < expected ? tree.records[first + lane] : empty_part());
    if (nodes <= kFanIn) return true;
    tree.records += nodes;
    tree.tickets += nodes;
    nodes = parts(nodes, kFanIn);
    if (lane == 0) tree.records[node] = record;
  }
}

/// Stores the record of chunk c, one of [begin, end) that the warp reads, as a leaf of its tensor's
/// tree. Publishing a record stalls the warp, so it does so rarely: at the end of a node, of a tensor,
/// or of its chunks. True in the warp that completes the tensor, whose record is the sum.
__device__ __forceinline__ bool deliver_chunk(const Work& work, const ChunkPlace& place, int c,
                                              int begin, int end, TensorStats& record, int lane) {
  const Tree tree = {.records = work.records + place.first_node,
                     .tickets = work.tickets + place.first_node,
                     .leaves = place.leaves};
  if (lane == 0) tree.records[place.leaf] = record;
  const int first_of_node = place.leaf / kFanIn * kFanIn;
  const bool is_last_of_node = place.leaf + 1 == min(first_of_node + kFanIn, place.leaves);
  if (c + 1 != end && !is_last_of_node) return false;
  const int first = max(first_of_node, place.leaf - (c - begin));
  return complete(tree, place.leaf, static_cast<unsigned>(place.leaf + 1 - first), record, lane);
}

/// Writes a tensor's record, and stores it for the sum of all gradients if it is one.
__device__ __forceinline__ void deliver_tensor(const Work& work, int index, int gradient,
                                               TensorStats& record, int lane) {
  if (lane == 0) work.out[index] = whole_of(record);
  if (gradient < 0) return;
  if (record.first_nonfinite_index >= 0) {
    record.first_nonfinite_index += work.entries[index].first_element;
  }
  if (lane == 0) work.gradients.records[gradient] = record;
}

/// Gradients that a warp has stored and not announced: parts of one node.
struct StoredGradients {
  int last = 0;
  unsigned count = 0;
};

__device__ __forceinline__ void announce(const Work& work, StoredGradients& gradients, int lane) {
  TensorStats all;
  if (complete(work.gradients, gradients.last, gradients.count, all, lane) && lane == 0) {
    work.out[work.entry_count] = whole_of(all);
  }
  gradients.count = 0;
}

__device__ __forceinline__ void write_empty(const Work& work) {
  const int thread = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int threads = static_cast<int>(gridDim.x * blockDim.x);
  for (int i = thread; i < work.entry_count; i += threads) {
    if (work.entries[i].count == 0) work.out[i] = empty_part();
  }
  if (thread == 0 && work.gradients.leaves == 0) work.out[work.entry_count] = empty_part();
}

/// kReaders warps read each chunk together: one, which takes its chunks in turn, or those of a
/// block, which has one chunk.
template <int kReaders>
__global__ void __launch_bounds__(kThreads, kBlocksPerMultiprocessor)
    tensor_stats_kernel(Work work) {
  TeamMemory* memory = nullptr;
  if constexpr (kReaders > 1) {
    GPU_SHARED(TeamMemory, of_block, [1]);
    memory = of_block;
  }
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  const int warp = static_cast<int>(threadIdx.x) / kWarpThreads;
  // Every block has a chunk before any has two: few chunks keep every multiprocessor busy.
  const int team = warp / kReaders * static_cast<int>(gridDim.x) + static_cast<int>(blockIdx.x);
  const int begin = team * work.chunks_per_team + min(team, work.longer_teams);
  const int end = begin + work.chunks_per_team + (team < work.longer_teams ? 1 : 0);
  StoredGradients stored;
  ChunkSource next = {};
  if (begin < end) next = work.chunks[begin].source;
  // Once more behind the last chunk, where gradients are left to announce: one place for that in
  // the code, which a cold start has to load.
  for (int c = begin; c < end || stored.count > 0; ++c) {
    int gradient = -1;  // That is stored here.
    if (c < end) {
      const ChunkSource source = next;
      TensorStats record = chunk_record<kReaders>(source, warp % kReaders, lane, memory);
      if (warp % kReaders != 0) break;
      const ChunkPlace place = work.chunks[c].place;
      if (c + 1 < end) next = work.chunks[c + 1].source;
      if (record.first_nonfinite_index >= 0) record.first_nonfinite_index += place.leaf * kChunk;
      if (place.leaves == 1 || deliver_chunk(work, place, c, begin, end, record, lane)) {
        gradient = source.gradient;
        deliver_tensor(work, place.entry, gradient, record, lane);
      }
    }
    const bool is_of_other_node = gradient >= 0 && gradient / kFanIn != stored.last / kFanIn;
    if (stored.count > 0 && (c >= end || is_of_other_node)) announce(work, stored, lane);
    if (gradient >= 0) {
      stored.last = gradient;
      ++stored.count;
    }
  }
  if (work.has_empty) write_empty(work);
}

void tensor_stats(GpuBackend& backend, const TensorStatsPass& pass) {
  const TensorStatsLayout& layout = pass.layout;
  const std::int64_t most_blocks =
      std::int64_t{gpu::multiprocessor_count()} * kBlocksPerMultiprocessor;
  const bool has_block_each = layout.chunk_count() <= most_blocks;
  const std::int64_t blocks =
      has_block_each ? std::max<std::int64_t>(layout.chunk_count(), 1) : most_blocks;
  const std::int64_t teams = has_block_each ? blocks : blocks * kWarps;
  TensorStats* const records = layout.workspace();
  unsigned* const tickets = layout.device_tickets();
  const std::int64_t first_gradient_node = layout.first_gradient_node();
  const Work work{.entries = layout.device_entries(),
                  .chunks = layout.device_chunks(),
                  .entry_count = static_cast<int>(layout.size()),
                  .has_empty = layout.has_empty(),
                  .chunks_per_team = static_cast<int>(layout.chunk_count() / teams),
                  .longer_teams = static_cast<int>(layout.chunk_count() % teams),
                  .records = records,
                  .tickets = tickets,
                  .gradients = {.records = records + first_gradient_node,
                                .tickets = tickets + first_gradient_node,
                                .leaves = static_cast<int>(layout.gradient_count())},
                  .out = pass.out.data};
  gpu::launch(has_block_each ? tensor_stats_kernel<kWarps> : tensor_stats_kernel<1>,
              {static_cast<unsigned>(blocks), kThreads}, backend.queue(), work);
}

/// Chunk by chunk, where its tensor is now.
__global__ void set_data_kernel(Chunk* chunks, int chunk_count, const Entry* entries,
                                const void* const* data) {
  const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (c >= chunk_count) return;
  const ChunkPlace place = chunks[c].place;
  const Entry& entry = entries[place.entry];
  const std::int64_t begin = place.leaf * kChunk;
  ChunkSource& source = chunks[c].source;
  const auto* const tensor = static_cast<const char*>(data[place.entry]);
  source.data = tensor == nullptr ? nullptr : tensor + begin * element_bytes(entry.dtype);
  source.count = tensor == nullptr ? std::uint16_t{0}
                                   : static_cast<std::uint16_t>(min(entry.count - begin, kChunk));
}

void set_data(GpuBackend& backend, const SetTensorData& op) {
  const auto chunks = static_cast<int>(op.layout.chunk_count());
  if (chunks == 0) return;
  if (gpu::is_capturing(backend.queue())) {
    // A launch of the graph would read pointers that later ones have taken the place of.
    throw CudaError("set_data: tensors have moved while the stream is captured");
  }
  gpu::copy_async(op.device_data, op.host_data, op.layout.size() * std::int64_t{sizeof(void*)},
                  backend.queue());
  gpu::launch(set_data_kernel, {blocks_for(chunks, kThreads), kThreads}, backend.queue(),
              op.layout.device_chunks(), chunks, op.layout.device_entries(), op.device_data);
}

const KernelsOf<tensor_stats, set_data> registered;

}  // namespace
}  // namespace gradvitals::GPU_NAMESPACE
