// A small training, and the same as a loop by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "framework/losses.h"
#include "tests/training/training_fixtures.h"
#include "training/model_spec.h"
#include "training/trainer.h"

namespace gradvitals::test {

inline TrainerOptions ring_options(std::int64_t steps) {
  return {.loss = LossKind::kSoftmaxCrossEntropy,
          .optimizer = {.kind = OptimizerKind::kAdam},
          .learning_rate = {.base = 0.01},
          .batch = 16,
          .steps = steps,
          .seed = 3};
}

class TrainerTest : public testing::Test {
 protected:
  Sequential model(const char* words = "2-16-relu-3") {
    return build_model(stream_, parse_model_spec(words), {.seed = 1});
  }

  /// Steps of a loop by hand; those in `left_out` make no update.
  std::vector<std::uint32_t> by_hand(std::int64_t steps, std::vector<std::int64_t> left_out = {}) {
    Sequential trained = model();
    Batches batches(data_.training.rows, 16, 3);
    Adam adam({.learning_rate = 0.01});
    for (std::int64_t step = 0; step < steps; ++step) {
      std::vector<float> x;
      std::vector<float> y;
      for (const std::int64_t row : batches.samples(step)) {
        for (std::int64_t i = 0; i < 2; ++i) x.push_back(data_.training.x[row * 2 + i]);
        for (std::int64_t i = 0; i < 3; ++i) y.push_back(data_.training.y[row * 3 + i]);
      }
      if (std::ranges::count(left_out, step) > 0) continue;
      Tape tape(stream_);
      const Tensor error = softmax_cross_entropy(
          tape, trained.forward(tape, Tensor::from_host<float>(stream_, {16, 2}, x)),
          Tensor::from_host<float>(stream_, {16, 3}, y));
      adam.apply(stream_, tape.gradient(error, trained.trainable_variables()));
    }
    return weight_bits(trained);
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 2}};
  TrainingData data_ = ring_data();
};

}  // namespace gradvitals::test
