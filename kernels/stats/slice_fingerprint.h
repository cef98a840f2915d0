// The fingerprint of a row or column: a wrapping sum of hashes, which the order of additions does
// not change. The same bits on cpu, cuda and sim.
#pragma once

#include <cstdint>

#include "kernels/runtime/host_device.h"
#include "kernels/stats/stored.h"

namespace gradvitals {

/// Elements whose squares are added before they join the total: with 256, a slice of 2^20 elements
/// has at most 256 + 4096 roundings one after the other, 5e-13.
inline constexpr int kSlicePiece = 256;

/// The contribution of an element to the fingerprint of its slice: a hash of its value as float64
/// bits and of its position, by the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014).
GRADVITALS_HOST_DEVICE std::uint64_t fingerprint_of(std::uint64_t bits, std::uint64_t place) {
  constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;
  const std::uint64_t magnitude = bits & Stored<double>::kMagnitude;
  // One zero and one NaN: signs and payloads differ between equal computations.
  if (magnitude == 0) bits = 0;
  if (magnitude > Stored<double>::kInfinity) bits = Stored<double>::kMagnitude;
  std::uint64_t hash = bits + (place + 1) * kGoldenRatio;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
  return hash ^ (hash >> 31);
}

}  // namespace gradvitals
