// Small trainings for the tests of training/.
#pragma once

#include <bit>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/io/dataset.h"
#include "framework/sequential.h"
#include "training/trainer.h"
#include "training/training_data.h"

namespace gradvitals::test {

inline constexpr const char* kDigitsFile =
    "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz";

inline bool has_digits() {
  return std::filesystem::exists(kDigitsFile);
}

/// `rows` points of the plane, in three classes by their distance from the origin.
inline Dataset ring_dataset(std::int64_t rows = 90) {
  Dataset dataset{.rows = rows, .features = 2, .outputs = 1, .x = {}, .y = {}};
  std::uint32_t bits = 1;
  const auto draw = [&bits] {
    bits = bits * 1664525U + 1013904223U;  // Numerical Recipes' generator.
    return static_cast<double>(bits >> 8U) / 0x1p24 * 2.0 - 1.0;
  };
  for (std::int64_t row = 0; row < rows; ++row) {
    const double a = draw();
    const double b = draw();
    dataset.x.insert(dataset.x.end(), {a, b});
    const double square = a * a + b * b;
    dataset.y.push_back(square < 0.3 ? 0.0 : square < 0.7 ? 1.0 : 2.0);
  }
  return dataset;
}

inline TrainingData ring_data(std::int64_t rows = 90) {
  return make_training_data(ring_dataset(rows), {.data = "rings", .form = TargetForm::kClasses});
}

/// The bits of all parameters, one after the other.
inline std::vector<std::uint32_t> weight_bits(const Sequential& model) {
  std::vector<std::uint32_t> bits;
  for (const Parameter* const parameter : model.parameters()) {
    for (const float value : parameter->value.to_host<float>()) {
      bits.push_back(std::bit_cast<std::uint32_t>(value));
    }
  }
  return bits;
}

/// Keeps what it is told.
class Recorder : public TrainingObserver {
 public:
  void on_step(const TrainingStep& step) override {
    steps.push_back(step.step);
    losses.push_back(step.loss);
    samples.emplace_back(step.samples.begin(), step.samples.end());
    if (step.metrics != nullptr) metrics.push_back(*step.metrics);
    contexts.push_back(step.context);
    before_update = before_update && step.is_before_update;
  }
  void on_epoch(const TrainingEpoch& epoch) override { epochs.push_back(epoch.epoch); }

  std::vector<std::int64_t> steps;
  std::vector<double> losses;
  std::vector<std::vector<std::int64_t>> samples;
  std::vector<HealthMetrics> metrics;
  std::vector<StepContext> contexts;
  std::vector<std::int64_t> epochs;
  bool before_update = true;
};

}  // namespace gradvitals::test
