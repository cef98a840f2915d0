// Computes:    grid sizes, and whether 16-byte loads are possible, for launchers
// Shapes:      none
// DTypes:      none
// Launch:      none: for the launchers that include this
// Traffic:     none
// Determinism: exact
// Edge cases:  no items need no block
// Errors:      none
// Reference:   none
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::GPU_NAMESPACE {

/// Number of blocks for `count` items with `per_block` each, along one dimension of a grid. Saturates
/// for counts that exceed every grid limit: the launch then fails.
inline unsigned blocks_for(std::int64_t count, std::int64_t per_block) {
  const std::int64_t blocks = (count + per_block - 1) / per_block;
  return static_cast<unsigned>(
      std::min<std::int64_t>(blocks, std::numeric_limits<unsigned>::max()));
}

inline bool starts_at_16_bytes(const void* data) {
  return reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
}

}  // namespace gradvitals::GPU_NAMESPACE
