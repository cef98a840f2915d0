// The notebook's limits, for its metrics and for what shows or explains its own judgement. They stand
// apart from Thresholds: tuning the rules does not change what the notebook saw.
#pragma once

namespace gradvitals {

inline constexpr double kNotebookVanishedNorm = 1e-6;
inline constexpr double kNotebookWeakNorm = 1e-4;
inline constexpr double kNotebookLargeNorm = 10.0;  ///< Its colour says "exploding" from here on.
inline constexpr double kNotebookRangeRatio = 1e4;

}  // namespace gradvitals
