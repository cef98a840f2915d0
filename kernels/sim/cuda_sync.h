// CUDA's barriers, votes, shuffles and reductions of a warp. Each takes the line that calls it, so
// that a fault can name it.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "kernels/sim/engine.h"

// NOLINTBEGIN(readability-identifier-naming)
namespace gradvitals::sim {

using Site = std::source_location;

inline void __syncthreads(Site site = Site::current()) {
  wait_at_barrier(BarrierResult::kNone, false, site);
}
inline int __syncthreads_count(int predicate, Site site = Site::current()) {
  return wait_at_barrier(BarrierResult::kCount, predicate != 0, site);
}
inline int __syncthreads_and(int predicate, Site site = Site::current()) {
  return wait_at_barrier(BarrierResult::kAnd, predicate != 0, site);
}
inline int __syncthreads_or(int predicate, Site site = Site::current()) {
  return wait_at_barrier(BarrierResult::kOr, predicate != 0, site);
}

inline void __syncwarp(unsigned mask = 0xFFFFFFFF, Site site = Site::current()) {
  exchange_in_warp({.op = WarpOp::kSync, .mask = mask}, site);
}

/// What CUDA shuffles: arithmetic types of 4 and 8 bytes.
template <class T>
concept Shuffled = std::is_arithmetic_v<T> &&(sizeof(T) == 4 || sizeof(T) == 8);

template <Shuffled T>
T shuffle(WarpOp op, unsigned mask, T value, int operand, int width, Site site) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = exchange_in_warp(
      {.op = op, .mask = mask, .value = bits, .operand = operand, .width = width}, site);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <Shuffled T>
T __shfl_sync(unsigned mask, T value, int lane, int width = kWarpLanes,
              Site site = Site::current()) {
  return shuffle(WarpOp::kShuffle, mask, value, lane, width, site);
}
template <Shuffled T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = kWarpLanes,
                 Site site = Site::current()) {
  return shuffle(WarpOp::kShuffleUp, mask, value, static_cast<int>(distance), width, site);
}
template <Shuffled T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = kWarpLanes,
                   Site site = Site::current()) {
  return shuffle(WarpOp::kShuffleDown, mask, value, static_cast<int>(distance), width, site);
}
template <Shuffled T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = kWarpLanes,
                  Site site = Site::current()) {
  return shuffle(WarpOp::kShuffleXor, mask, value, lane_mask, width, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, Site site = Site::current()) {
  return static_cast<unsigned>(exchange_in_warp(
      {.op = WarpOp::kBallot, .mask = mask, .value = predicate != 0 ? 1u : 0u}, site));
}
inline int __any_sync(unsigned mask, int predicate, Site site = Site::current()) {
  return __ballot_sync(mask, predicate, site) != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate, Site site = Site::current()) {
  return __ballot_sync(mask, predicate, site) == mask ? 1 : 0;
}

template <class T>
concept Reduced = std::same_as<T, int> || std::same_as<T, unsigned>;

template <Reduced T>
T reduce(WarpOp op, unsigned mask, T value, Site site) {
  const auto widened = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  return static_cast<T>(exchange_in_warp({.op = op, .mask = mask, .value = widened}, site));
}

template <Reduced T>
T __reduce_add_sync(unsigned mask, T value, Site site = Site::current()) {
  return reduce(WarpOp::kReduceAdd, mask, value, site);
}
template <Reduced T>
T __reduce_min_sync(unsigned mask, T value, Site site = Site::current()) {
  return reduce(WarpOp::kReduceMin, mask, value, site);
}
template <Reduced T>
T __reduce_max_sync(unsigned mask, T value, Site site = Site::current()) {
  return reduce(WarpOp::kReduceMax, mask, value, site);
}
inline unsigned __reduce_and_sync(unsigned mask, unsigned value, Site site = Site::current()) {
  return reduce(WarpOp::kReduceAnd, mask, value, site);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, Site site = Site::current()) {
  return reduce(WarpOp::kReduceOr, mask, value, site);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, Site site = Site::current()) {
  return reduce(WarpOp::kReduceXor, mask, value, site);
}

}  // namespace gradvitals::sim
// NOLINTEND(readability-identifier-naming)
