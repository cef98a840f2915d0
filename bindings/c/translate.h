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

/// More than any struct of a later version: a larger size was not set by its caller.
inline constexpr std::size_t kMostStructBytes = 4096;

/// Throws std::invalid_argument for a size that no version of the struct can have.
inline void require_size(std::size_t size, std::size_t first_size, std::string_view name) {
  if (size >= first_size && size <= kMostStructBytes && size % alignof(std::size_t) == 0) {
    return;
  }
  throw std::invalid_argument(fmt::format("{}.size is {}: set it to sizeof({})", name, size, name));
}

/// The struct as this library knows it: of a shorter one, from a caller that is older, the rest is
/// zero. Throws as require_size(), and std::invalid_argument where what this library does not know
/// is not zero.
template <class Struct>
Struct known_part(const Struct& given, std::size_t first_size, std::string_view name) {
  require_size(given.size, first_size, name);
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
  if constexpr (requires { result.reserved; }) {
    if (result.reserved != 0) {
      throw std::invalid_argument(fmt::format("{}.reserved is not zero", name));
    }
  }
  return result;
}

/// Writes as much of the result as the caller has room for.
template <class Struct>
void write_known_part(Struct result, std::size_t first_size, std::string_view name, Struct& out) {
  require_size(out.size, first_size, name);
  result.size = out.size;
  std::memcpy(&out, &result, std::min(out.size, sizeof(Struct)));
}

/// Throw std::invalid_argument naming the tensor, the member and the value that it cannot have.
std::vector<TensorView> views_of(const gradvitals_tensor* tensors, std::int64_t count);
HealthMonitor::Options options_of(const gradvitals_options* options);
HealthMonitor::Step step_of(const gradvitals_step* step);
TextStyle style_of(const gradvitals_style* style);

gradvitals_tensor_stats stats_of(const TensorStats& stats);
TensorStats stats_of(const gradvitals_tensor_stats& stats);

}  // namespace gradvitals::c
