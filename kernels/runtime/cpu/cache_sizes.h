// The caches of the CPU that runs this, for kernels that cut their work into blocks.
#pragma once

#include <cstdint>

namespace gradvitals::cpu {

/// Bytes of data that a core's own caches hold.
struct CacheSizes {
  std::int64_t l2 = 512 << 10;
};

/// What the system says of the core that asks, and the size above where it says nothing. Cores of one CPU may
/// differ: no bit of a result may depend on it.
CacheSizes cache_sizes();

}  // namespace gradvitals::cpu
