// The tensors of a case in a device's memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "benchmarks/tensor_cases.h"
#include "kernels/buffer.h"
#include "kernels/stream.h"

namespace gradvitals {

/// Any number of copies of them, which begin `padded` bytes after one another.
struct TensorMemory {
  Buffer data;
  std::vector<double> sums;  ///< Of the squares of each tensor, as they should be.
};

/// Bytes in whole cache lines.
inline std::int64_t padded(std::int64_t bytes) {
  constexpr std::int64_t kLine = 64;
  return (bytes + kLine - 1) / kLine * kLine;
}

template <class Narrow>
void copy_narrow_to_device(Stream& stream, std::span<const float> values, Narrow (*narrow)(float),
                           void* out) {
  std::vector<Narrow> stored(values.size());
  std::ranges::transform(values, stored.begin(), narrow);
  copy_to_device(stream, stored.data(), std::ssize(stored) * std::int64_t{sizeof(Narrow)}, out);
}

/// Values that `dtype` holds, as it stores them, `copies` times.
inline Buffer store(Stream& stream, std::span<const float> values, DType dtype,
                    std::int64_t copies = 1) {
  const std::int64_t bytes = std::ssize(values) * size_in_bytes(dtype);
  Buffer memory(stream, copies * padded(bytes));
  for (std::int64_t copy = 0; copy < copies; ++copy) {
    auto* const out = static_cast<char*>(memory.data()) + copy * padded(bytes);
    if (dtype == DType::kBFloat16) {
      copy_narrow_to_device(stream, values, truncated_to_bfloat16, out);
    } else if (dtype == DType::kFloat16) {
      copy_narrow_to_device(stream, values, truncated_to_float16, out);
    } else {
      copy_to_device(stream, values.data(), bytes, out);
    }
  }
  return memory;
}

inline TensorMemory make_tensors(Stream& stream, std::span<const std::int64_t> counts,
                                 int zero_percent, DType dtype, std::int64_t copies = 1) {
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const std::vector<float> values = make_values(total, zero_percent, dtype);
  return {.data = store(stream, values, dtype, copies), .sums = sums_of_squares(counts, values)};
}

}  // namespace gradvitals
