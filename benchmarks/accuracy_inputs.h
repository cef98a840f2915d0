// What norms are taken of to see how right they are.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "kernels/ops/random.h"
#include "kernels/runtime/dtype.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

struct AccuracyInput {
  std::string name;
  std::int64_t count;
  std::function<void(Stream&, std::span<float>)> fill;
  DType dtype = DType::kFloat32;
};

namespace accuracy_detail {

inline void fill_scaled_normal(Stream& stream, std::span<float> values, float scale) {
  fill_normal<float>(stream, {.key = {1, 1}, .out = {values.data(), std::ssize(values)}});
  for (float& value : values) value *= scale;
}

/// Magnitudes of 1e-30 to 1e30, each power of ten as likely.
inline void fill_mixed(Stream& stream, std::span<float> values) {
  fill_uniform<float>(
      stream,
      {.key = {1, 2}, .out = {values.data(), std::ssize(values)}, .low = -30.0, .high = 30.0});
  for (float& value : values) value = std::pow(10.0f, value);
}

inline std::function<void(Stream&, std::span<float>)> normal(float scale) {
  return
      [=](Stream& stream, std::span<float> values) { fill_scaled_normal(stream, values, scale); };
}

/// One value among normal ones.
inline std::function<void(Stream&, std::span<float>)> normal_and(float value) {
  return [=](Stream& stream, std::span<float> values) {
    fill_scaled_normal(stream, values, 1.0f);
    values[values.size() / 2] = value;
  };
}

}  // namespace accuracy_detail

/// `large` elements where it is their number that takes digits away, `small` in all others.
inline std::vector<AccuracyInput> accuracy_inputs(std::int64_t large, std::int64_t small) {
  using namespace accuracy_detail;
  using Limits = std::numeric_limits<float>;
  return {{"N(0, 1)", large, normal(1.0f)},
          {"N(0, 1) * 1e-25", small, normal(1e-25f)},
          {"N(0, 1) * 1e20", small, normal(1e20f)},
          {"1e-30 to 1e30", small, fill_mixed},
          {"subnormal", small, normal(1e-40f)},
          {"-0.0", small, normal(-0.0f)},
          {"N(0, 1), one NaN", small, normal_and(Limits::quiet_NaN())},
          {"N(0, 1), one Inf", small, normal_and(-Limits::infinity())},
          {"N(0, 1)", small, normal(1.0f), DType::kFloat16},
          {"N(0, 1)", small, normal(1.0f), DType::kBFloat16}};
}

}  // namespace gradvitals
