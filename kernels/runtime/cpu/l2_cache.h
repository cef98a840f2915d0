// The cache of a core, for kernels that cut their work into blocks.
#pragma once

#include <cstdint>

namespace gradvitals::cpu {

/// Bytes of the L2 of the core that asks, as the system says; 512 KiB where it says nothing, and from 256 KiB
/// to 2 MiB whatever a hypervisor says. Cores of one CPU may differ: no bit of a result may depend on it.
std::int64_t l2_cache_bytes();

}  // namespace gradvitals::cpu
