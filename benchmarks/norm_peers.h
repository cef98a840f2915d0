// Norms of one tensor by others, on the CPU and on one thread: what ours is measured beside.
#pragma once

#include <cstdint>
#include <span>

namespace gradvitals {

/// Sums in float32 lose digits as tensors grow, per cents at 268M elements, and a result in float32
/// has 24 bits.
inline constexpr double kFloat32Sums = 0.1;
inline constexpr double kFloat32Result = 1e-6;
inline constexpr double kFloat64 = 1e-12;

/// An L2 norm of `count` float32 values.
struct NormPeer {
  const char* name;
  double (*norm)(const float* values, std::int64_t count);
  /// Of the norm of normal values, relative: enough to see that the same thing is computed.
  double tolerance;
};

/// Loops as anyone would write them, compiled for the CPU of the build.
std::span<const NormPeer> norm_peers();

/// That of OpenBLAS; none where the build found no OpenBLAS.
std::span<const NormPeer> openblas_norm_peers();

/// Those of Eigen; none where the build found no Eigen.
std::span<const NormPeer> eigen_norm_peers();

}  // namespace gradvitals
