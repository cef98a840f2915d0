// Computes:    what launchers ask: how many blocks, and whether 16-byte loads will do
// Shapes:      none
// DTypes:      none
// Launch:      none: for the launchers that include this
// Traffic:     none
// Determinism: exact
// Edge cases:  no items need no block
// Errors:      none
// Reference:   none
#pragma once

#include <cstdint>

#include "kernels/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

/// Blocks for `count` items with `per_block` each.
inline unsigned blocks_for(std::int64_t count, std::int64_t per_block) {
  return static_cast<unsigned>((count + per_block - 1) / per_block);
}

inline bool starts_at_16_bytes(const void* data) {
  return reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
}

}  // namespace gradvitals::GPU_NAMESPACE
