// The hot loop of tensor_stats on the cpu: what one read of a chunk yields. Private to kernels/stats/cpu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "kernels/runtime/dtype.h"

namespace gradvitals::cpu {

/// What the hot loop yields.
struct ChunkSums {
  double sum_squares = 0.0;
  double sum = 0.0;
  std::uint64_t max_bits = 0;                                          ///< Of |x|.
  std::uint64_t min_bits = std::numeric_limits<std::uint64_t>::max();  ///< Of |x| > 0.
  std::int64_t zero_count = 0;
};

/// How a type is stored: its bits as an integer, and where its exponents begin and end.
template <class T>
struct Stored;
template <>
struct Stored<float> {
  using Bits = std::uint32_t;
  static constexpr Bits kInfinity = 0x7F800000;
  static constexpr Bits kMinNormal = 0x00800000;
};
template <>
struct Stored<double> {
  using Bits = std::uint64_t;
  static constexpr Bits kInfinity = 0x7FF0000000000000;
  static constexpr Bits kMinNormal = 0x0010000000000000;
};
template <>
struct Stored<Float16> {
  using Bits = std::uint16_t;
  static constexpr Bits kInfinity = 0x7C00;
  static constexpr Bits kMinNormal = 0x0400;
};
template <>
struct Stored<BFloat16> {
  using Bits = std::uint16_t;
  static constexpr Bits kInfinity = 0x7F80;
  static constexpr Bits kMinNormal = 0x0080;
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
