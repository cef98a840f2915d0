#include "framework/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace gradvitals {

Shape::Shape(std::initializer_list<std::int64_t> dims)
    : Shape(std::span(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank) {
    throw std::invalid_argument(fmt::format("Shape: rank {} of ({}) exceeds {}", dims.size(),
                                            fmt::join(dims, ", "), kMaxRank));
  }
  for (const std::int64_t dim : dims) {
    if (dim < 0) {
      throw std::invalid_argument(
          fmt::format("Shape: dimension {} of ({}) is negative", dim, fmt::join(dims, ", ")));
    }
    if (__builtin_mul_overflow(count_, dim, &count_)) {
      throw std::invalid_argument(
          fmt::format("Shape: ({}) has more elements than int64 counts", fmt::join(dims, ", ")));
    }
  }
  std::copy(dims.begin(), dims.end(), dims_.begin());
  rank_ = static_cast<int>(dims.size());
}

std::int64_t Shape::operator[](int axis) const {
  if (axis < 0 || axis >= rank_) {
    throw std::invalid_argument(fmt::format("Shape: {} has no axis {}", text(), axis));
  }
  return dims_[static_cast<std::size_t>(axis)];
}

std::string Shape::text() const {
  return rank_ == 1 ? fmt::format("({},)", dims_[0]) : fmt::format("({})", fmt::join(dims(), ", "));
}

}  // namespace gradvitals
