// The record of a chunk: the sums of the hot loop, and a second pass where its maximum or minimum
// requires one. With NaN or Inf, the chunk is copied with zeros in their place and summed again.
// Subnormals are counted. float64 whose squares leave float64's range is scaled by a power of two and
// summed again.
#include "kernels/stats/cpu/tensor_stats_chunk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <type_traits>

#include "kernels/stats/cpu/tensor_stats_sums.h"
#include "kernels/stats/partial_stats.h"
#include "kernels/stats/stored.h"
#include "kernels/stats/tensor_stats_layout.h"

namespace gradvitals::cpu {
namespace {

template <class T>
using ChunkBuffer = std::array<T, TensorStatsLayout::kChunkElements>;

template <class T>
BitsOf<T> magnitude_bits(T value) {
  return std::bit_cast<BitsOf<T>>(value) & Stored<T>::kMagnitude;
}

template <class T>
double from_bits(std::uint64_t bits) {
  return to_double(std::bit_cast<T>(static_cast<BitsOf<T>>(bits)));
}

/// Copies the chunk with zeros in place of NaN and Inf, which are counted in the record.
template <class T>
void copy_finite(const T* data, std::int64_t count, TensorStats& record, T* finite) {
  for (std::int64_t i = 0; i < count; ++i) {
    const BitsOf<T> bits = magnitude_bits(data[i]);
    finite[i] = bits < Stored<T>::kInfinity ? data[i] : T{};
    if (bits < Stored<T>::kInfinity) continue;
    (bits == Stored<T>::kInfinity ? record.inf_count : record.nan_count) += 1;
    if (record.first_nonfinite_index < 0) record.first_nonfinite_index = i;
  }
}

/// sum and sum_squares of x * 2^-scale_exponent, with the exponent of the largest |x|.
void sum_scaled(const double* data, std::int64_t count, TensorStats& record) {
  ChunkBuffer<double> scaled;
  record.scale_exponent = std::ilogb(record.max_abs);
  std::transform(data, data + count, scaled.begin(), [exponent = -record.scale_exponent](double x) {
    return scale_by_power_of_two(x, exponent);
  });
  const ChunkSums sums = sum_chunk(scaled.data(), count, {});
  record.sum_squares = sums.sum_squares;
  record.sum = sums.sum;
}

template <class T>
void fill(const T* finite, const ChunkSums& sums, TensorStats& record) {
  record.sum_squares = sums.sum_squares;
  record.sum = sums.sum;
  record.zero_count = sums.zero_count - record.nonfinite_count();
  record.max_abs = from_bits<T>(sums.max_bits);
  if (sums.max_bits > 0) record.min_abs_nonzero = from_bits<T>(sums.min_bits);
  if (sums.min_bits < Stored<T>::kMinNormal) {
    record.subnormal_count = count_subnormals(finite, record.count);
  }
  if constexpr (std::is_same_v<T, double>) {
    if (!squares_in_range(record.max_abs)) sum_scaled(finite, record.count, record);
  }
}

template <class T>
[[gnu::noinline]] void fill_without_nonfinite(const T* data, TensorStats& record) {
  ChunkBuffer<T> finite;
  copy_finite(data, record.count, record, finite.data());
  fill(finite.data(), sum_chunk(finite.data(), record.count, {}), record);
}

template <class T>
TensorStats chunk_stats(const T* data, std::int64_t count, std::span<const std::byte> next) {
  TensorStats record{.count = count};
  const ChunkSums sums = sum_chunk(data, count, next);
  if (sums.max_bits < Stored<T>::kInfinity) {
    fill(data, sums, record);
  } else {
    fill_without_nonfinite(data, record);
  }
  return record;
}

}  // namespace

TensorStats chunk_stats(DType dtype, const void* data, std::int64_t count,
                        std::span<const std::byte> next) {
  switch (dtype) {
    case DType::kFloat32:
      return chunk_stats(static_cast<const float*>(data), count, next);
    case DType::kFloat64:
      return chunk_stats(static_cast<const double*>(data), count, next);
    case DType::kFloat16:
      return chunk_stats(static_cast<const Float16*>(data), count, next);
    case DType::kBFloat16:
      return chunk_stats(static_cast<const BFloat16*>(data), count, next);
  }
  return {};
}

}  // namespace gradvitals::cpu
