// replay(): makes the step of an incident again, and looks at it more closely.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "monitor/rules/diagnosis.h"
#include "training/incident.h"
#include "training/trainer.h"

namespace gradvitals {

/// One sample of the batch, by itself. Dropout is off.
struct ReplayedSample {
  std::int64_t place = 0;                         ///< In the batch, from 0.
  std::int64_t row = 0;                           ///< Of TrainingData::training.
  std::optional<std::int64_t> source_row{};       ///< Of the file, where it is known.
  double loss = 0.0;                              ///< With the weights before the update.
  double max_abs_feature = 0.0;                   ///< Of those that are finite.
  std::optional<std::int64_t> nonfinite_feature;  ///< The first one.
  std::optional<std::int64_t> nonfinite_target;   ///< The first one.

  bool is_finite() const;
};

struct Replay {
  std::int64_t step = 0;
  double loss = 0.0;
  HealthMetrics metrics;
  Diagnosis diagnosis;  ///< Of this step by itself, by the trainer's thresholds.
  /// Those that are not finite first, then by their loss, largest first.
  std::vector<ReplayedSample> samples;
  /// What is not as it was recorded, a sentence each; empty where all is.
  std::vector<std::string> differences;
};

/// The trainer must have the model, data, options and observers that change batches of the training
/// that the incident is of; with TrainerOptions::checkup_every 1 more is known of the step: where
/// in the forward pass something began. Loads the checkpoint, and makes exactly one step, its
/// update included. Throws InputError naming the file, as Trainer::load_checkpoint() does and where
/// the incident was recorded on a GPU, whose checkpoint is of a later step; std::invalid_argument
/// where the trainer does not watch.
Replay replay(Trainer& trainer, const StoredIncident& incident);

/// What came of it, for people.
std::string replay_text(const Replay& replay, const StoredIncident& incident);

}  // namespace gradvitals
