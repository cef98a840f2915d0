// From structs of C to those of the monitor, and back.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bindings/c/gradvitals.h"
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/view.h"
#include "monitor/health_monitor.h"
#include "monitor/report/style.h"

namespace gradvitals::c {

/// Throws std::invalid_argument for a null pointer, naming what it should have been.
template <class T>
T& require(T* pointer, std::string_view what) {
  if (pointer != nullptr) return *pointer;
  throw std::invalid_argument(fmt::format("{} is null", what));
}

/// The struct as this library knows it: of a shorter one, from a caller that is older, the rest is zero.
/// Throws std::invalid_argument for a size below that of the first version, and where what this library
/// does not know is not zero.
template <class Struct>
Struct known_part(const Struct& given, std::size_t first_size, std::string_view name) {
  if (given.size < first_size) {
    throw std::invalid_argument(fmt::format("{}.size is {}, and sizeof({}) at least {}", name,
                                            given.size, name, first_size));
  }
  const std::span bytes(reinterpret_cast<const std::byte*>(&given), given.size);
  const std::size_t known = std::min(given.size, sizeof(Struct));
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (!std::ranges::all_of(bytes.subspan(known), is_zero)) {
    throw std::invalid_argument(
        fmt::format("{} has members that this version of the library ({}) does not know", name,
                    gradvitals_version()));
  }
  Struct result{};
  std::memcpy(&result, bytes.data(), known);
  return result;
}

/// Writes as much of the result as the caller has room for.
template <class Struct>
void write_known_part(Struct result, std::size_t first_size, std::string_view name, Struct& out) {
  if (out.size < first_size) {
    throw std::invalid_argument(
        fmt::format("{}.size is {}, and sizeof({}) at least {}", name, out.size, name, first_size));
  }
  result.size = out.size;
  std::memcpy(&out, &result, std::min(out.size, sizeof(Struct)));
}

/// Throw std::invalid_argument naming the tensor, the member and the value that is none of its enum's.
std::vector<TensorView> views_of(const gradvitals_tensor* tensors, std::int64_t count);
HealthMonitor::Options options_of(const gradvitals_options* options);
HealthMonitor::Step step_of(const gradvitals_step* step);
TextStyle style_of(const gradvitals_style* style);

gradvitals_tensor_stats stats_of(const TensorStats& stats);
TensorStats stats_of(const gradvitals_tensor_stats& stats);

}  // namespace gradvitals::c
