#include "kernels/stats/partial_stats.h"

#include <algorithm>
#include <cstddef>

namespace gradvitals {
namespace {

/// To the first of at most kMergeFanIn parts.
void fold_group(std::span<TensorStats> parts) {
  for (std::size_t distance = kMergeFanIn / 2; distance > 0; distance /= 2) {
    // Where a part has no partner, that is an empty one.
    const std::size_t end =
        parts.size() > distance ? std::min(distance, parts.size() - distance) : 0;
    for (std::size_t i = 0; i < end; ++i) merge(parts[i], parts[i + distance]);
  }
}

}  // namespace

TensorStats fold_parts(std::span<TensorStats> parts) {
  if (parts.empty()) return empty_part();
  while (parts.size() > 1) {
    std::size_t groups = 0;
    for (std::size_t begin = 0; begin < parts.size(); begin += kMergeFanIn, ++groups) {
      const std::size_t count = std::min<std::size_t>(kMergeFanIn, parts.size() - begin);
      fold_group(parts.subspan(begin, count));
      parts[groups] = parts[begin];
    }
    parts = parts.first(groups);
  }
  return parts.front();
}

}  // namespace gradvitals
