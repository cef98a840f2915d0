// Computes:    sums, extremes and the number of nonzero elements of one chunk, each read once
// Shapes:      count <= TensorStatsLayout::kChunkElements elements
// DTypes:      float32, float64, float16, bfloat16; sums float64 from the first square
// Launch:      called by one warp, or by all warps of a block together: the first of them has the
//              result
// Traffic:     reads each element once, in 16-byte loads, eight of them in flight per thread; no
//              shared memory for one warp, 8.4 KB for a block -> bound by memory
// Determinism: lane l takes vectors l, l + 32, ... of a slice of 4 KB, lanes add slices in their
//              order, then a butterfly: the same bits for every grid, every alignment, and any
//              number of warps
// Edge cases:  no element takes a branch: zeros, which ReLU makes by the million, cost what others
//              do. Where the last slice ends early, zeros are read for what is missing; they change
//              no sum, no extreme and no number of nonzero elements. Data that does not start at
//              16 bytes is loaded by element
// Errors:      none
// Reference:   cpu/tensor_stats_sums.cpp
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/warp_reduce.cuh"
#include "kernels/stats/cuda/stored.cuh"
#include "kernels/stats/stored.h"
#include "kernels/stats/tensor_stats_layout.h"

namespace gradvitals::GPU_NAMESPACE {

using ChunkSource = TensorStatsLayout::ChunkSource;

/// Vectors that a thread has in flight: 4 KB a warp.
inline constexpr int kInFlight = 8;
inline constexpr int kSliceVectors = kInFlight * kWarpThreads;
/// Of a chunk of the largest type.
inline constexpr int kMaxSlices = TensorStatsLayout::kChunkElements / (kSliceVectors * 2);

/// Extremes of magnitudes as 32- or 64-bit integers. The minimum is less one, so that zero becomes
/// the largest of all: it is no minimum, and its highest bit counts it.
template <class Bits>
struct Extremes {
  static constexpr int kSignShift = 8 * static_cast<int>(sizeof(Bits)) - 1;

  Bits max = 0;
  Bits min_less_one = ~Bits{0};
  std::uint32_t count = 0;
  std::uint32_t zero_count = 0;

  __device__ __forceinline__ void add(Bits magnitude) {
    const Bits less_one = magnitude - 1;
    max = magnitude > max ? magnitude : max;
    min_less_one = less_one < min_less_one ? less_one : min_less_one;
    count += 1;
    zero_count += static_cast<std::uint32_t>(less_one >> kSignShift);
  }
};

/// Those of 16-bit magnitudes, two at a time: of the lower and of the upper halves of words. Less
/// than 2^16 of each can be added.
struct PairExtremes {
  std::uint32_t max = 0;
  /// 2^15 less the minimum, as signed numbers: zero becomes the smallest of all.
  std::uint32_t negated_min = 0x80008000;
  std::uint32_t nonzero_count = 0;

  __device__ __forceinline__ void add(std::uint32_t magnitudes) {
    max = __vmaxu2(max, magnitudes);
    negated_min = __vmaxs2(negated_min, 0x80008000 - magnitudes);
    nonzero_count += __vminu2(magnitudes, 0x00010001);
  }
};

template <class T>
using ExtremesOf = std::conditional_t<sizeof(T) == 2, PairExtremes, Extremes<RegisterBits<T>>>;

/// Those of a warp or a chunk, whatever the type.
struct ChunkExtremes {
  std::uint64_t max;
  std::uint64_t min_less_one;  ///< ~0 where every element is zero.
  std::uint32_t nonzero_count;

  __device__ __forceinline__ void add(const ChunkExtremes& other) {
    max = other.max > max ? other.max : max;
    min_less_one = other.min_less_one < min_less_one ? other.min_less_one : min_less_one;
    nonzero_count += other.nonzero_count;
  }
};

/// In every lane.
template <class Bits>
__device__ __forceinline__ ChunkExtremes reduce(const Extremes<Bits>& mine) {
  const Bits min_less_one = warp_min(mine.min_less_one);
  return {.max = warp_max(mine.max),
          .min_less_one = min_less_one == ~Bits{0} ? ~std::uint64_t{0} : min_less_one,
          .nonzero_count = warp_sum(mine.count - mine.zero_count)};
}

__device__ __forceinline__ ChunkExtremes reduce(const PairExtremes& mine) {
  const Extremes<std::uint32_t> halves = {
      .max = max(mine.max & 0xFFFF, mine.max >> 16),
      .min_less_one = min(0x7FFF - (mine.negated_min & 0xFFFF), 0x7FFF - (mine.negated_min >> 16)),
      .count = (mine.nonzero_count & 0xFFFF) + (mine.nonzero_count >> 16),
      .zero_count = 0};
  return reduce(halves);
}

struct Sums {
  double sum_squares = 0.0;
  double sum = 0.0;

  __device__ __forceinline__ void add(double x) {
    sum_squares = fma(x, x, sum_squares);
    sum += x;
  }
  __device__ __forceinline__ void add(const Sums& other) {
    sum_squares += other.sum_squares;
    sum += other.sum;
  }
};

/// The accumulators of a lane, with two alternating sums to hide the latency of additions.
template <class T>
struct LaneSums {
  Sums even;
  Sums odd;
  ExtremesOf<T> extremes;

  __device__ __forceinline__ void add_bits(RegisterBits<T> bits, Sums& sums) {
    sums.add(Convert<T>::to_double(bits));
    extremes.add(bits & Stored<T>::kMagnitude);
  }

  /// Two elements of 16 bits each.
  __device__ __forceinline__ void add_pair(std::uint32_t word) {
    even.add(static_cast<double>(Convert<T>::low(word)));
    odd.add(static_cast<double>(Convert<T>::high(word)));
    constexpr std::uint32_t kMagnitude = Stored<T>::kMagnitude;
    extremes.add(word & (kMagnitude << 16 | kMagnitude));
  }

  __device__ __forceinline__ void add(const Vector& vector) {
    if constexpr (sizeof(T) == 8) {
      add_bits(std::uint64_t{vector.y} << 32 | vector.x, even);
      add_bits(std::uint64_t{vector.w} << 32 | vector.z, odd);
    } else if constexpr (sizeof(T) == 4) {
      add_bits(vector.x, even);
      add_bits(vector.y, odd);
      add_bits(vector.z, even);
      add_bits(vector.w, odd);
    } else {
      add_pair(vector.x);
      add_pair(vector.y);
      add_pair(vector.z);
      add_pair(vector.w);
    }
  }

  /// Returns the sums, and resets them.
  __device__ __forceinline__ Sums take_sums() {
    even.add(odd);
    const Sums taken = even;
    even = odd = {};
    return taken;
  }
};

/// Adds the lane's vectors of the slice that begins with vector `begin`.
template <class T>
__device__ __forceinline__ void add_slice(const T* data, int vectors, int begin, int lane,
                                          LaneSums<T>& mine) {
  const int first = begin + lane;
  if (reinterpret_cast<std::uintptr_t>(data) % sizeof(Vector) != 0) {
#pragma unroll 1
    for (int v = first; v < min(vectors, begin + kSliceVectors); v += kWarpThreads) {
      mine.add(load_unaligned(data + v * kPerVector<T>));
    }
    return;
  }
  // Streaming loads (__ldcs) do not evict freshly written data from the L2 cache: 27 us instead of 30
  // for 82 MB (H200).
  const auto* from = reinterpret_cast<const Vector*>(data) + first;
  Vector loaded[kInFlight];
  if (begin + kSliceVectors <= vectors) {
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) loaded[i] = __ldcs(from + i * kWarpThreads);
  } else {
#pragma unroll
    for (int i = 0; i < kInFlight; ++i) {
      loaded[i] = first + i * kWarpThreads < vectors ? __ldcs(from + i * kWarpThreads) : Vector{};
    }
  }
#pragma unroll
  for (int i = 0; i < kInFlight; ++i) mine.add(loaded[i]);
}

/// Partial results that the warps of a block pass to the first one.
struct TeamMemory {
  double2 sums[kMaxSlices][kWarpThreads];  ///< Of squares, and of elements, of each slice.
  ChunkExtremes extremes[kMaxSlices];      ///< Of each warp, of which there are no more.
};

struct ChunkSums {
  Sums mine;               ///< A lane's.
  ChunkExtremes extremes;  ///< The chunk's, in every lane.
};

/// Of one chunk, in warp 0 of the kWarps that read it. One warp needs no memory.
template <int kWarps, class T>
__device__ __forceinline__ ChunkSums sum_chunk(const T* data, int count, int warp, int lane,
                                               TeamMemory* memory) {
  const int vectors = count / kPerVector<T>;
  Sums total;
  LaneSums<T> mine;
  for (int slice = warp; slice * kSliceVectors < vectors; slice += kWarps) {
    add_slice(data, vectors, slice * kSliceVectors, lane, mine);
    const Sums sums = mine.take_sums();
    if constexpr (kWarps == 1) {
      total.add(sums);
    } else {
      memory->sums[slice][lane] = {sums.sum_squares, sums.sum};
    }
  }
  const int rest = vectors * kPerVector<T> + lane;
  if (warp == 0 && rest < count) mine.add_bits(bits_of(data[rest]), mine.even);
  ChunkExtremes extremes = reduce(mine.extremes);
  if constexpr (kWarps > 1) {
    static_assert(kWarps <= kMaxSlices);
    if (lane == 0) memory->extremes[warp] = extremes;
    __syncthreads();
    if (warp == 0) {
      for (int slice = 0; slice * kSliceVectors < vectors; ++slice) {
        const double2 sums = memory->sums[slice][lane];
        total.add({.sum_squares = sums.x, .sum = sums.y});
      }
      for (int other = 1; other < kWarps; ++other) extremes.add(memory->extremes[other]);
    }
  }
  total.add(mine.take_sums());
  return {.mine = total, .extremes = extremes};
}

}  // namespace gradvitals::GPU_NAMESPACE
