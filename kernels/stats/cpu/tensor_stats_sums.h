// The hot loop of tensor_stats on the cpu: the sums of a chunk from one read. Private to
// kernels/stats/cpu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "kernels/runtime/dtype.h"
#include "kernels/stats/stored.h"

namespace gradvitals::cpu {

/// Result of the hot loop.
struct ChunkSums {
  double sum_squares = 0.0;
  double sum = 0.0;
  std::uint64_t max_bits = 0;                                          ///< Of |x|.
  std::uint64_t min_bits = std::numeric_limits<std::uint64_t>::max();  ///< Of |x| > 0.
  std::int64_t zero_count = 0;
};

template <class T>
using BitsOf = typename Stored<T>::Bits;

/// Sums `count` elements, at most TensorStatsLayout::kChunkElements. If max_bits shows a NaN or Inf,
/// the sums are meaningless; min_bits and zero_count are still valid. Results are bitwise the same for
/// every instruction set. `next`, or its beginning, is prefetched but not read.
ChunkSums sum_chunk(const float* data, std::int64_t count, std::span<const std::byte> next);
ChunkSums sum_chunk(const double* data, std::int64_t count, std::span<const std::byte> next);
ChunkSums sum_chunk(const Float16* data, std::int64_t count, std::span<const std::byte> next);
ChunkSums sum_chunk(const BFloat16* data, std::int64_t count, std::span<const std::byte> next);

/// Number of subnormal elements.
std::int64_t count_subnormals(const float* data, std::int64_t count);
std::int64_t count_subnormals(const double* data, std::int64_t count);
std::int64_t count_subnormals(const Float16* data, std::int64_t count);
std::int64_t count_subnormals(const BFloat16* data, std::int64_t count);

}  // namespace gradvitals::cpu
