// What is kept under a mask: the arithmetic of dropout, one for all devices. Private to kernels/ops.
#pragma once

#include <cstdint>

#include "kernels/ops/philox.h"
#include "kernels/runtime/host_device.h"

namespace gradvitals {

/// Elements that one counter of Philox decides on.
inline constexpr std::int64_t kMaskWords = 4;

/// The mask number `count` of a key.
GRADVITALS_HOST_DEVICE RandomKey mask_of(RandomKey key, std::uint64_t count) {
  const PhiloxBlock block = random_block(key, count);
  return {static_cast<std::uint64_t>(block.word[1]) << 32 | block.word[0],
          static_cast<std::uint64_t>(block.word[3]) << 32 | block.word[2]};
}

template <class T>
struct KeptOrDropped {
  std::uint32_t threshold;
  T scale;

  explicit KeptOrDropped(double rate)
      : threshold(static_cast<std::uint32_t>(rate * 0x1p32)),
        scale(static_cast<T>(1.0 / (1.0 - rate))) {}

  GRADVITALS_HOST_DEVICE T factor(std::uint32_t word) const {
    return word < threshold ? T{0} : scale;
  }
};

}  // namespace gradvitals
