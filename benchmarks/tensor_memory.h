// The tensors of a case in a device's memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "benchmarks/tensor_cases.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"

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

template <class To>
std::vector<char> converted(std::span<const float> values, To (*convert)(float)) {
  std::vector<char> bytes(values.size() * sizeof(To));
  char* out = bytes.data();
  for (const float value : values) {
    const To stored = convert(value);
    std::memcpy(out, &stored, sizeof stored);
    out += sizeof stored;
  }
  return bytes;
}

/// Values that `dtype` holds, as it stores them.
inline std::vector<char> stored_bytes(std::span<const float> values, DType dtype) {
  if (dtype == DType::kBFloat16) return converted(values, truncated_to_bfloat16);
  if (dtype == DType::kFloat16) return converted(values, truncated_to_float16);
  if (dtype == DType::kFloat64) {
    return converted(
        values, +[](float value) { return static_cast<double>(value); });
  }
  return converted(
      values, +[](float value) { return value; });
}

inline Buffer store(Stream& stream, std::span<const float> values, DType dtype) {
  const std::vector<char> bytes = stored_bytes(values, dtype);
  Buffer memory(stream, std::ssize(bytes));
  copy_to_device(stream, bytes.data(), memory.bytes(), memory.data());
  return memory;
}

/// The pattern again and again, `copies` times as many elements as the tensors have.
inline TensorMemory make_tensors(Stream& stream, std::span<const std::int64_t> counts,
                                 int zero_percent, DType dtype, std::int64_t copies = 1) {
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const std::int64_t bytes = total * size_in_bytes(dtype);
  const std::vector<float> pattern = make_pattern(zero_percent, dtype);
  constexpr int kPatternsAtOnce = 16;  // A GPU's driver is as busy with one.
  std::vector<float> repeated;
  for (int i = 0; i < kPatternsAtOnce; ++i) {
    repeated.insert(repeated.end(), pattern.begin(), pattern.end());
  }
  const std::vector<char> stored = stored_bytes(repeated, dtype);
  TensorMemory memory = {.data = Buffer(stream, copies * padded(bytes)),
                         .sums = sums_of_squares(counts, pattern)};
  for (std::int64_t copy = 0; copy < copies; ++copy) {
    auto* const out = static_cast<char*>(memory.data.data()) + copy * padded(bytes);
    for (std::int64_t done = 0; done < bytes; done += std::ssize(stored)) {
      copy_to_device(stream, stored.data(), std::min(std::ssize(stored), bytes - done), out + done);
    }
  }
  return memory;
}

}  // namespace gradvitals
