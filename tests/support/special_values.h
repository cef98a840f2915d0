// The values that no number is.
#pragma once

#include <limits>

namespace gradvitals::test {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInf = std::numeric_limits<float>::infinity();

}  // namespace gradvitals::test
