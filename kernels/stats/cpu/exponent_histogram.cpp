// Computes:    per tensor how many elements have which exponent, and how many are 0, NaN and infinite.
// DTypes:      float32, float64, float16, bfloat16; counts int64.
// Traffic:     reads each element once -> bound by the increments, some 1 ns an element.
// Determinism: counts are exact, so neither threads nor the order of their sums matter.
// Edge cases:  a tensor without elements or without data has no counts.
// Errors:      none; the contract function (kernels/stats/exponent_histogram.cpp) has checked the
//              arguments.
// Reference:   tests/kernels/stats/exponent_histogram_test.cpp
#include "kernels/stats/exponent_histogram.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/exponent_rows.h"
#include "kernels/stats/stored.h"

namespace gradvitals::cpu {
namespace {

using RowCounts = std::array<std::int64_t, kExponentRows>;

// Elements a thread takes at least: some 30 us of work.
constexpr std::int64_t kHistogramGrain = 1 << 15;
// Neighbours often have one exponent: with counts of their own, none waits for the one before.
constexpr std::int64_t kCounters = 4;

template <class T>
RowCounts counts_of(const T* values, std::int64_t count) {
  std::array<RowCounts, kCounters> counts{};
  const auto add = [&](std::int64_t i, RowCounts& to) {
    typename Stored<T>::Bits bits = 0;
    std::memcpy(&bits, values + i, sizeof bits);
    ++to[static_cast<std::size_t>(exponent_row<T>(bits))];
  };
  std::int64_t i = 0;
  for (; i + kCounters <= count; i += kCounters) {
    for (std::int64_t k = 0; k < kCounters; ++k) add(i + k, counts[static_cast<std::size_t>(k)]);
  }
  for (; i < count; ++i) add(i, counts[0]);
  for (std::size_t k = 1; k < counts.size(); ++k) {
    for (std::size_t row = 0; row < counts[k].size(); ++row) counts[0][row] += counts[k][row];
  }
  return counts[0];
}

RowCounts counts_of(const TensorView& view, std::int64_t begin, std::int64_t count) {
  switch (view.dtype) {
    case DType::kFloat64:
      return counts_of(static_cast<const double*>(view.data) + begin, count);
    case DType::kFloat16:
      return counts_of(static_cast<const Float16*>(view.data) + begin, count);
    case DType::kBFloat16:
      return counts_of(static_cast<const BFloat16*>(view.data) + begin, count);
    case DType::kFloat32:
      break;
  }
  return counts_of(static_cast<const float*>(view.data) + begin, count);
}

ExponentHistogram histogram_of(const RowCounts& counts) {
  ExponentHistogram histogram{.zero_count = counts[kZeroRow],
                              .nan_count = counts[kNanRow],
                              .positive_inf_count = counts[kPositiveInfRow],
                              .negative_inf_count = counts[kNegativeInfRow]};
  std::copy_n(counts.begin(), ExponentHistogram::kBins, histogram.bins.begin());
  return histogram;
}

void exponent_histogram(CpuBackend& backend, const ExponentHistogramPass& pass) {
  ExponentHistogram* out = pass.out.data;
  for (const TensorView& view : pass.views) {
    RowCounts counts{};
    std::mutex mutex;
    backend.pool().parallel_ranges(view.data == nullptr ? 0 : view.count, kHistogramGrain,
                                   [&](std::int64_t begin, std::int64_t end) {
                                     const RowCounts part = counts_of(view, begin, end - begin);
                                     const std::lock_guard lock(mutex);
                                     for (std::size_t row = 0; row < part.size(); ++row)
                                       counts[row] += part[row];
                                   });
    *out++ = histogram_of(counts);
  }
}

const KernelsOf<exponent_histogram> registered;

}  // namespace
}  // namespace gradvitals::cpu
