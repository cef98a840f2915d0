#include "kernels/stats/partial_stats.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace gradvitals {
namespace {

TensorStats fold_group(std::span<const TensorStats> parts) {
  std::array<TensorStats, kMergeFanIn> group;
  std::fill(std::copy(parts.begin(), parts.end(), group.begin()), group.end(), empty_part());
  for (std::size_t distance = kMergeFanIn / 2; distance > 0; distance /= 2) {
    // Behind the parts are empty ones, which need no merge with each other.
    const std::size_t pairs = std::min(distance, parts.size());
    for (std::size_t i = 0; i < pairs; ++i) merge(group[i], group[i + distance]);
  }
  return group[0];
}

}  // namespace

TensorStats fold_parts(std::span<TensorStats> parts) {
  if (parts.empty()) return empty_part();
  while (parts.size() > 1) {
    std::size_t groups = 0;
    for (std::size_t begin = 0; begin < parts.size(); begin += kMergeFanIn, ++groups) {
      const std::size_t count = std::min<std::size_t>(kMergeFanIn, parts.size() - begin);
      parts[groups] = fold_group(parts.subspan(begin, count));
    }
    parts = parts.first(groups);
  }
  return parts.front();
}

}  // namespace gradvitals
