// Partial statistics: the TensorStats of a part of a tensor, and the one function that adds two of them.
// It serves the chunks of a tensor on every device, and tensors that are held in parts: by shards, by
// ranks, by an epilogue.
//
//   TensorStats whole = part_of(first_half, 0);
//   merge(whole, part_of(second_half, first_half.count));
//   whole = whole_of(whole);
//
// A part is a TensorStats with two differences: `sum`, as sum_squares always is, is of
// x * 2^-scale_exponent, so that parts can be added without overflow; and first_nonfinite_index counts
// from the start of the whole, so that parts can be added in any order. The sums of different orders
// differ in their last bits: merge in an order that the shape alone decides (fold_parts).
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "kernels/runtime/host_device.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals {

/// 2^exponent, for the exponents of normal numbers.
GRADVITALS_HOST_DEVICE double power_of_two(int exponent) {
  const std::uint64_t bits = static_cast<std::uint64_t>(exponent + 1023) << 52;
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// x * 2^exponent, for the exponents of any finite number. Two factors, because 2^1074 is none.
GRADVITALS_HOST_DEVICE double scale_by_power_of_two(double x, int exponent) {
  return x * power_of_two(exponent / 2) * power_of_two(exponent - exponent / 2);
}

/// Whether the squares of numbers up to this can be added in float64 as they are. 2^43 of them stay
/// finite below the upper bound; above the lower one a square that underflows is smaller than
/// 2^-170 of the largest.
GRADVITALS_HOST_DEVICE bool squares_in_range(double max_abs) {
  return max_abs == 0.0 || (max_abs >= 0x1p-450 && max_abs < 0x1p490);
}

/// A part without elements. merge() with it changes nothing.
GRADVITALS_HOST_DEVICE TensorStats empty_part() {
  TensorStats part;
  part.count = 0;
  part.sum_squares = 0.0;
  part.scale_exponent = 0;
  part.reserved = 0;
  part.sum = 0.0;
  part.max_abs = 0.0;
  part.min_abs_nonzero = static_cast<double>(HUGE_VALF);
  part.zero_count = 0;
  part.subnormal_count = 0;
  part.nan_count = 0;
  part.inf_count = 0;
  part.first_nonfinite_index = -1;
  return part;
}

/// merge() with a part whose members are read one by one, as other(&TensorStats::sum): a warp then
/// shuffles single members, and its registers hold one part instead of two. Bitwise commutative.
template <class Other>
GRADVITALS_HOST_DEVICE void merge_members(TensorStats& mine, Other other) {
  const double max_abs = other(&TensorStats::max_abs);
  double sum_squares = other(&TensorStats::sum_squares);
  double sum = other(&TensorStats::sum);
  std::int32_t exponent = other(&TensorStats::scale_exponent);
  // A part of zeros has no scale of its own.
  if (max_abs == 0.0) exponent = mine.scale_exponent;
  if (mine.max_abs == 0.0) mine.scale_exponent = exponent;
  if (mine.scale_exponent != exponent) {
    // At the larger of the two. What is less than 2^-1000 of the other is nothing.
    const std::int32_t larger = mine.scale_exponent > exponent ? mine.scale_exponent : exponent;
    const std::int32_t mine_below = mine.scale_exponent - larger;
    const std::int32_t other_below = exponent - larger;
    const double my_scale = mine_below < -1000 ? 0.0 : power_of_two(mine_below);
    const double its_scale = other_below < -1000 ? 0.0 : power_of_two(other_below);
    mine.sum_squares *= my_scale * my_scale;
    mine.sum *= my_scale;
    mine.scale_exponent = larger;
    sum_squares *= its_scale * its_scale;
    sum *= its_scale;
  }
  mine.sum_squares += sum_squares;
  mine.sum += sum;
  // Neither is ever NaN, which fmax() and fmin() would have to check for.
  mine.max_abs = max_abs > mine.max_abs ? max_abs : mine.max_abs;
  const double min_abs_nonzero = other(&TensorStats::min_abs_nonzero);
  if (min_abs_nonzero < mine.min_abs_nonzero) mine.min_abs_nonzero = min_abs_nonzero;
  mine.count += other(&TensorStats::count);
  mine.zero_count += other(&TensorStats::zero_count);
  mine.subnormal_count += other(&TensorStats::subnormal_count);
  mine.nan_count += other(&TensorStats::nan_count);
  mine.inf_count += other(&TensorStats::inf_count);
  // As unsigned, -1 (none) is the largest.
  const auto first = static_cast<std::uint64_t>(other(&TensorStats::first_nonfinite_index));
  if (first < static_cast<std::uint64_t>(mine.first_nonfinite_index)) {
    mine.first_nonfinite_index = static_cast<std::int64_t>(first);
  }
}

/// mine += other.
GRADVITALS_HOST_DEVICE void merge(TensorStats& mine, const TensorStats& other) {
  merge_members(mine, [&other](auto member) { return other.*member; });
}

/// The statistics of a tensor, as a part of a larger one in which it starts at `first_element`.
GRADVITALS_HOST_DEVICE TensorStats part_of(TensorStats stats, std::int64_t first_element) {
  if (stats.scale_exponent != 0) {
    stats.sum = scale_by_power_of_two(stats.sum, -stats.scale_exponent);
  }
  if (stats.first_nonfinite_index >= 0) stats.first_nonfinite_index += first_element;
  return stats;
}

/// The statistics of a part that is the whole tensor: `sum` unscaled, and scale_exponent 0 if the sum of
/// squares is then a normal float64.
GRADVITALS_HOST_DEVICE TensorStats whole_of(TensorStats part) {
  const int exponent = part.scale_exponent;
  if (exponent == 0) return part;
  part.sum = scale_by_power_of_two(part.sum, exponent);
  const double half = power_of_two(exponent / 2);
  const double rest = power_of_two(exponent - exponent / 2);
  const double sum_squares = part.sum_squares * half * half * rest * rest;
  if (sum_squares >= DBL_MIN && sum_squares <= DBL_MAX) {
    part.sum_squares = sum_squares;
    part.scale_exponent = 0;
  }
  return part;
}

/// Fan-in of the merge tree: one part for each thread of a warp.
inline constexpr int kMergeFanIn = 32;

/// All parts merged, in the order that every device keeps: kMergeFanIn at a time as a warp does it,
/// part i with part i + 16, then i + 8, ..., i + 1; then their results likewise, up to one. Empty
/// without parts. Results in between are written over the parts: nothing is allocated.
TensorStats fold_parts(std::span<TensorStats> parts);

}  // namespace gradvitals
