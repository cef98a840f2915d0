// The seed's limits, for its metrics and for what shows or explains its own judgement. They stand
// apart from Thresholds: tuning the rules does not change what the seed saw.
#pragma once

namespace gradvitals {

inline constexpr double kSeedVanishedNorm = 1e-6;
inline constexpr double kSeedWeakNorm = 1e-4;
inline constexpr double kSeedLargeNorm = 10.0;  ///< Its colour says "exploding" from here on.
inline constexpr double kSeedRangeRatio = 1e4;

}  // namespace gradvitals
