// The hot loop of tensor_stats on the cpu: what one read of a chunk yields. Private to kernels/stats/cpu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "kernels/runtime/dtype.h"
#include "kernels/stats/stored.h"

namespace gradvitals::cpu {

/// What the hot loop yields.
struct ChunkSums {
  double sum_squares = 0.0;
  double sum = 0.0;
  std::uint64_t max_bits = 0;                                          ///< Of |x|.
  std::uint64_t min_bits = std::numeric_limits<std::uint64_t>::max();  ///< Of |x| > 0.
  std::int64_t zero_count = 0;
};

template <class T>
using BitsOf = typename Stored<T>::Bits;

/// `count` elements, at most TensorStatsLayout::kChunkElements. Where max_bits says that there is a
/// NaN or Inf, the sums mean nothing and min_bits and zero_count are right still. The bits do not
/// depend on the instruction set. `next`, or its beginning, is asked for from memory, but not read.
ChunkSums sum_chunk(const float* data, std::int64_t count, std::span<const std::byte> next);
ChunkSums sum_chunk(const double* data, std::int64_t count, std::span<const std::byte> next);
ChunkSums sum_chunk(const Float16* data, std::int64_t count, std::span<const std::byte> next);
ChunkSums sum_chunk(const BFloat16* data, std::int64_t count, std::span<const std::byte> next);

/// How many of the elements are neither zero nor normal nor NaN nor Inf.
std::int64_t count_subnormals(const float* data, std::int64_t count);
std::int64_t count_subnormals(const double* data, std::int64_t count);
std::int64_t count_subnormals(const Float16* data, std::int64_t count);
std::int64_t count_subnormals(const BFloat16* data, std::int64_t count);

}  // namespace gradvitals::cpu
