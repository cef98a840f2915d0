// The tensors that statistics are measured on: their sizes, values, and what is known of them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "kernels/runtime/dtype.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// GPT-2: no tensor is shared with another.
inline std::vector<std::int64_t> gpt2(std::int64_t width, int layers) {
  constexpr std::int64_t kVocabulary = 50257;
  constexpr std::int64_t kContext = 1024;
  std::vector<std::int64_t> counts = {kVocabulary * width, kContext * width};
  for (int layer = 0; layer < layers; ++layer) {
    counts.insert(counts.end(), {width, width});                  // Normalisation,
    counts.insert(counts.end(), {width * 3 * width, 3 * width});  // q, k and v,
    counts.insert(counts.end(), {width * width, width});          // projection,
    counts.insert(counts.end(), {width, width});                  // normalisation,
    counts.insert(counts.end(), {width * 4 * width, 4 * width});  // and the MLP.
    counts.insert(counts.end(), {4 * width * width, width});
  }
  counts.insert(counts.end(), {width, width});
  return counts;
}

/// Llama 2 of 6.7 billion parameters.
inline std::vector<std::int64_t> llama_7b() {
  constexpr std::int64_t kWidth = 4096;
  constexpr std::int64_t kMlp = 11008;
  constexpr std::int64_t kVocabulary = 32000;
  constexpr int kLayers = 32;
  std::vector<std::int64_t> counts = {kVocabulary * kWidth};
  for (int layer = 0; layer < kLayers; ++layer) {
    counts.insert(counts.end(), 4, kWidth * kWidth);  // q, k, v and projection,
    counts.insert(counts.end(), 3, kWidth * kMlp);    // the MLP,
    counts.insert(counts.end(), {kWidth, kWidth});    // and two normalisations.
  }
  counts.insert(counts.end(), {kWidth, kVocabulary * kWidth});
  return counts;
}

/// One tensor of growing size: from a cache next to the core to memory, with 1x268M behind them.
struct SizedCase {
  const char* name;
  std::int64_t count;
};
inline constexpr SizedCase kSizes[] = {{"1x4K", 1 << 12},   {"1x16K", 1 << 14}, {"1x64K", 1 << 16},
                                       {"1x256K", 1 << 18}, {"1x1M", 1 << 20},  {"1x4M", 1 << 22},
                                       {"1x16M", 1 << 24},  {"1x64M", 1 << 26}};

/// Elements of each tensor of a case.
inline std::vector<std::int64_t> counts_of(std::string_view name) {
  // The notebook's networks: four hidden layers of 64 units, ten inputs, one output.
  if (name == "notebook_network") return {640, 64, 4096, 64, 4096, 64, 4096, 64, 64, 1};
  if (name == "5000x1000") return std::vector<std::int64_t>(5000, 1000);
  if (name == "5000x4096") return std::vector<std::int64_t>(5000, 4096);
  for (const SizedCase& sized : kSizes) {
    if (name == sized.name) return {sized.count};
  }
  if (name == "gpt2_124m") return gpt2(768, 12);
  if (name == "gpt2_1_5b") return gpt2(1600, 48);
  if (name == "llama_7b") return llama_7b();
  if (name == "1x268M") return {std::int64_t{1} << 28};
  if (name == "skewed") {
    std::vector<std::int64_t> counts(1001, 1000);
    counts[0] = 100'000'000;
    return counts;
  }
  throw std::invalid_argument("no such case");
}

/// Towards zero.
inline BFloat16 truncated_to_bfloat16(float value) {
  return {static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16)};
}

/// Likewise, of |value| < 2^16.
inline Float16 truncated_to_float16(float value) {
  constexpr std::uint32_t kRebias = (127 - 15) << 23;
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFF;
  const std::uint32_t half = magnitude < std::bit_cast<std::uint32_t>(0x1p-14f)
                                 ? static_cast<std::uint32_t>(std::fabs(value) * 0x1p24f)
                                 : (magnitude - kRebias) >> 13;
  return {static_cast<std::uint16_t>((bits >> 16 & 0x8000) | half)};
}

/// The value that a tensor of `dtype` stores for it.
inline float as_stored(float value, DType dtype) {
  if (dtype == DType::kBFloat16) return to_float32(truncated_to_bfloat16(value));
  if (dtype == DType::kFloat16) return to_float32(truncated_to_float16(value));
  return value;
}

/// "f32", "f64", "f16" or "bf16".
inline const char* short_name(DType dtype) {
  if (dtype == DType::kFloat32) return "f32";
  if (dtype == DType::kFloat64) return "f64";
  return dtype == DType::kFloat16 ? "f16" : "bf16";
}

/// Normal values that `dtype` holds, of which `zero_percent` are zeros, as with ReLU. Tensors that
/// stand one behind the other repeat them.
inline std::vector<float> make_pattern(int zero_percent, DType dtype) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> pattern(1 << 16);
  for (float& value : pattern) {
    value = random() % 100 < static_cast<unsigned>(zero_percent) ? 0.0f : normal(random);
    value = as_stored(value, dtype);
  }
  return pattern;
}

/// Views of tensors that stand one behind the other.
inline std::vector<TensorView> views_of(std::span<const std::int64_t> counts, const void* data,
                                        DType dtype, DeviceType device) {
  const auto* bytes = static_cast<const char*>(data);
  std::vector<TensorView> views;
  for (const std::int64_t count : counts) {
    views.push_back({.name = "tensor",
                     .data = bytes,
                     .count = count,
                     .rows = 1,
                     .cols = count,
                     .dtype = dtype,
                     .device = device});
    bytes += count * size_in_bytes(dtype);
  }
  return views;
}

/// The sum of squares of each tensor, in long double.
inline std::vector<double> sums_of_squares(std::span<const std::int64_t> counts,
                                           const std::vector<float>& pattern) {
  const auto period = std::ssize(pattern);
  const auto sum_from = [&](std::int64_t begin, std::int64_t count) {
    long double sum = 0;
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const long double value = pattern[static_cast<std::size_t>(i % period)];
      sum += value * value;
    }
    return sum;
  };
  const long double whole = sum_from(0, period);
  std::vector<double> sums;
  std::int64_t begin = 0;
  for (const std::int64_t count : counts) {
    const auto periods = static_cast<long double>(count / period);
    sums.push_back(static_cast<double>(periods * whole + sum_from(begin, count % period)));
    begin = (begin + count) % period;
  }
  return sums;
}

/// Whether every number is what it should be, to `tolerance` relative.
inline bool agree(std::span<const double> got, std::span<const double> expected, double tolerance) {
  if (got.size() != expected.size()) return false;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!(std::fabs(got[i] - expected[i]) <= tolerance * expected[i])) return false;
  }
  return true;
}

}  // namespace gradvitals
