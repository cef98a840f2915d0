// Values, and views of them, for the tests of statistics.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/stats/tensor_stats.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/tensor_records.h"
#include "tests/support/tensor_stats_oracle.h"

namespace gradvitals::test {

template <class T>
TensorView view_of(std::string_view name, const GuardedBuffer<T>& buffer, const Device& device) {
  return {.name = name,
          .data = buffer.data(),
          .count = buffer.count(),
          .rows = 1,
          .cols = buffer.count(),
          .dtype = kDTypeOf<T>,
          .device = device};
}

/// The record of one tensor that starts `misalignment` elements behind a 64-byte boundary.
template <class T>
TensorStats stats_of(Stream& stream, const std::vector<T>& values, std::int64_t misalignment = 0) {
  const GuardedBuffer<T> buffer(stream, std::span<const T>(values),
                                misalignment * static_cast<std::int64_t>(sizeof(T)));
  const TensorView view = view_of("values", buffer, stream.device());
  return tensor_records(stream, std::span(&view, 1))[0];
}

/// Normal values in T, of which about `zero_fraction` are zeros of either sign.
template <class T>
std::vector<T> normals(std::int64_t count, double scale = 1, double zero_fraction = 0) {
  std::mt19937_64 random(static_cast<std::uint64_t>(count) + 1);
  std::normal_distribution<double> normal(0.1, 1);
  std::uniform_real_distribution<double> uniform;
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    const double x = normal(random) * scale;
    value = stored<T>(uniform(random) < zero_fraction ? std::copysign(0.0, x) : x);
  }
  return values;
}

}  // namespace gradvitals::test
