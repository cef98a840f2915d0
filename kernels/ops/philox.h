// Philox4x32-10, a counter-based generator: a keyed bijection of 128-bit counters, ten rounds of
// two 32-bit multiplications. The same bits on cpu, cuda and sim. Reference: Salmon, Moraes, Dror,
// Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <cstdint>

#include "kernels/ops/random.h"
#include "kernels/runtime/host_device.h"

namespace gradvitals {

/// Four 32-bit words: a counter, or the output that belongs to it.
struct PhiloxBlock {
  std::uint32_t word[4];
};

GRADVITALS_HOST_DEVICE PhiloxBlock philox4x32(PhiloxBlock counter, std::uint32_t key_low,
                                              std::uint32_t key_high) {
  constexpr int kRounds = 10;
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53;  // Multipliers and Weyl steps of the paper.
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // The golden ratio,
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // and sqrt(3) - 1.
  std::uint32_t(&c)[4] = counter.word;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = kMultiplier0 * c[0];
    const std::uint64_t product1 = kMultiplier1 * c[2];
    c[0] = static_cast<std::uint32_t>(product1 >> 32) ^ c[1] ^ key_low;
    c[1] = static_cast<std::uint32_t>(product1);
    c[2] = static_cast<std::uint32_t>(product0 >> 32) ^ c[3] ^ key_high;
    c[3] = static_cast<std::uint32_t>(product0);
    key_low += kWeyl0;
    key_high += kWeyl1;
  }
  return counter;
}

/// The words of index 4 * block to 4 * block + 3 of a fill: counter (block, sequence), key seed,
/// low words first.
GRADVITALS_HOST_DEVICE PhiloxBlock random_block(RandomKey key, std::uint64_t block) {
  const PhiloxBlock counter = {
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
       static_cast<std::uint32_t>(key.sequence), static_cast<std::uint32_t>(key.sequence >> 32)}};
  return philox4x32(counter, static_cast<std::uint32_t>(key.seed),
                    static_cast<std::uint32_t>(key.seed >> 32));
}

/// In [0, 1), a multiple of 2^-24: the upper 24 bits.
GRADVITALS_HOST_DEVICE float uniform_float32(std::uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1p-24f;
}

/// In [0, 1), a multiple of 2^-53: the 32 bits of `high`, then the upper 21 of `low`.
GRADVITALS_HOST_DEVICE double uniform_float64(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = static_cast<std::uint64_t>(high) << 32 | low;
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace gradvitals
