// Computes:    per column of a (B,O) matrix, how many elements are zero and how many saturated.
// DTypes:      float32, float64; counts int64.
// Traffic:     reads each element once.
// Determinism: counts are exact, so the thread count does not matter.
// Edge cases:  no rows: every count is 0. NaN compares false, so it counts as neither.
// Errors:      none; the contract function (kernels/stats/activation_stats.cpp) has checked the
//              arguments.
// Reference:   tests/kernels/stats/activation_stats_test.cpp
#include "kernels/stats/activation_stats.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cpu {
namespace {

// Columns a thread takes at least: the counters and a row of the piece stay in the first cache.
constexpr std::int64_t kGrain = 512;

template <class T, class Saturated>
void count_columns(const ActivationStats& op, std::int64_t begin, std::int64_t end,
                   Saturated saturated) {
  std::int64_t* zero_count = op.zero_count.data;
  std::int64_t* saturated_count = op.saturated_count.data;
  std::fill(zero_count + begin, zero_count + end, 0);
  std::fill(saturated_count + begin, saturated_count + end, 0);
  for (std::int64_t row = 0; row < op.view.rows; ++row) {
    const T* values = static_cast<const T*>(op.view.data) + row * op.view.cols;
    for (std::int64_t column = begin; column < end; ++column) {
      zero_count[column] += values[column] == 0 ? 1 : 0;
      saturated_count[column] += saturated(values[column]) ? 1 : 0;
    }
  }
}

template <class T>
void count_columns(const ActivationStats& op, std::int64_t begin, std::int64_t end) {
  const std::optional<Saturation> saturation = properties(op.view.activation).saturation;
  if (op.view.role == Role::kPreActivation && saturation) {
    constexpr auto kThreshold = static_cast<T>(kSaturationThreshold);
    count_columns<T>(op, begin, end, [](T z) { return std::fabs(z) >= kThreshold; });
  } else if (op.view.role == Role::kOutput && saturation) {
    const T low = static_cast<T>(saturation->low);
    const T high = static_cast<T>(saturation->high);
    count_columns<T>(op, begin, end, [low, high](T a) { return a == low || a == high; });
  } else {
    count_columns<T>(op, begin, end, [](T) { return false; });
  }
}

void activation_stats(CpuBackend& backend, const ActivationStats& op) {
  backend.pool().parallel_ranges(op.view.cols, kGrain, [&](std::int64_t begin, std::int64_t end) {
    if (op.view.dtype == DType::kFloat32) {
      count_columns<float>(op, begin, end);
    } else {
      count_columns<double>(op, begin, end);
    }
  });
}

const KernelsOf<activation_stats> registered;

}  // namespace
}  // namespace gradvitals::cpu
