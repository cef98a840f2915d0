// The training steps that are measured: networks, their data, and one pass forward and backward.
#pragma once

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "framework/networks.h"
#include "framework/sequential.h"
#include "framework/tape.h"

namespace gradvitals {

inline constexpr std::uint64_t kSeed = 42;
inline constexpr std::int64_t kNotebookBatch = 100;

struct Step {
  Sequential model;
  Tensor x;
  Tensor y;
};

inline Step sigmoid_step(Stream& stream) {
  SampleData data = make_sample_data(stream, kSeed, kNotebookBatch);
  return {sigmoid_network(stream, {.seed = kSeed}), data.x, data.y};
}

inline Step relu_step(Stream& stream) {
  SampleData data = make_sample_data(stream, kSeed, kNotebookBatch);
  return {relu_network(stream, {.seed = kSeed}), data.x, data.y};
}

/// Eight layers of 1024 on 256 rows: 12.35 GFLOP a step, nearly all of it in GEMMs.
inline Step wide_step(Stream& stream) {
  constexpr std::int64_t kWidth = 1024;
  constexpr std::int64_t kBatch = 256;
  constexpr int kLayers = 8;
  Sequential model(stream, {.name = "Wide", .input_shape = {kWidth}, .seed = kSeed});
  for (int layer = 0; layer < kLayers; ++layer) {
    model.add(Dense(kWidth, Activation::kRelu, {.kernel_initializer = HeUniform{}}));
  }
  const auto normal = [&](std::uint64_t sequence) {
    return initialize(stream, RandomNormal{.stddev = 1.0}, {kBatch, kWidth}, {kSeed, sequence});
  };
  return {std::move(model), normal(1), normal(2)};
}

inline Gradients run_step(Tape& tape, const Step& step) {
  const Tensor loss = mse(tape, step.model.forward(tape, step.x), step.y);
  return tape.gradient(loss, step.model.trainable_variables());
}

/// A benchmark of steps that compute nothing useful would be fast: every gradient must exist and be
/// finite, and not all may be zero.
inline void check(const Gradients& gradients) {
  bool any_nonzero = false;
  for (const Gradient& gradient : gradients) {
    for (const float value : gradient.value.value().to_host<float>()) {
      if (!std::isfinite(value)) throw std::runtime_error("a gradient is not finite");
      any_nonzero = any_nonzero || value != 0.0f;
    }
  }
  if (!any_nonzero) throw std::runtime_error("all gradients are zero");
}

}  // namespace gradvitals
