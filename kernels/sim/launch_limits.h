// Launch limits that every supported GPU accepts.
#pragma once

#include <cstddef>

#include "kernels/sim/engine.h"

namespace gradvitals::sim {

inline constexpr std::size_t kMaxStaticSharedBytes = 48 * 1024;

/// Of a block: static and dynamic together. The smallest of A100 (163 KB), H100 and B200 (227 KB).
inline constexpr std::size_t kMaxSharedBytes = 163 * 1024;

/// Throws CudaError, as a launch on a GPU does, where the shape is out of limits.
void check_launch(const LaunchShape& shape);

}  // namespace gradvitals::sim
