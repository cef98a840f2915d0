// Faults during training: what goes wrong in a healthy run from one step on, and what names it.
#pragma once

#include <random>
#include <string_view>
#include <vector>

#include "benchmarks/study/training_networks.h"
#include "framework/tape.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::study {

/// Verdicts, and rules by their numbers ("R12") whatever the verdict.
struct Names {
  std::vector<Verdict> verdicts{};
  std::vector<std::string_view> rules{};

  bool contain(const Finding& finding) const;
};

/// One training step as far as a fault may spoil it.
struct SpoiledStep {
  Stream& stream;
  const WatchedNetwork& network;
  const Task& task;
  /// Kernels at even places, biases behind them; the head's last.
  std::vector<Parameter*> parameters;
  int since = 0;             ///< Steps since the fault began; 0 in its first.
  std::mt19937_64 random{};  ///< Of the fault alone.
  std::vector<float> x{};    ///< (B, features)
  std::vector<float> y{};    ///< (B, outputs)
  double rate_factor = 1.0;  ///< Of the learning rate, in this step.
  /// Of what the optimizer does to each parameter, in this step.
  std::vector<double> update_factors{};
  Gradients gradients{};                     ///< For TrainingFault::after_backward.
  std::vector<std::vector<float>> memory{};  ///< The fault's own, kept from step to step.
};

struct TrainingFault {
  std::string_view name;
  /// What a careful practitioner would take for its name. Fixed before the first score.
  Names accepted;
  /// What is true of the run and names an effect, not the fault: neither found by it nor wrong.
  Names symptoms;
  bool (*applies_to)(const WatchedNetwork& network);
  /// Called in every step from the fault's first on; null where there is nothing to do.
  void (*before_forward)(SpoiledStep& step) = nullptr;
  void (*after_backward)(SpoiledStep& step) = nullptr;
};

const std::vector<TrainingFault>& training_faults();

/// Throws std::invalid_argument where none has the name, with those there are.
const TrainingFault& training_fault(std::string_view name);

}  // namespace gradvitals::study
