// Sizes that a file claims, multiplied without trusting them. Internal.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace gradvitals {

/// a * b, or nothing where it leaves the range of std::int64_t.
inline std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (b > kMax || (a != 0 && b > kMax / a)) return std::nullopt;
  return a * b;
}

}  // namespace gradvitals
