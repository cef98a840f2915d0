// TrainingPlan: a training as a description. Remedies change it before anything is made.
#pragma once

#include <memory>

#include "kernels/ops/loss.h"
#include "training/evaluation.h"
#include "training/network_plan.h"
#include "training/trainer.h"
#include "training/training_data.h"

namespace gradvitals {

struct TrainingPlan {
  NetworkPlan network;
  std::shared_ptr<const TrainingData> data;
  TrainerOptions options;   ///< Loss, optimizer, learning rate, batch and seed.
  StepControls controls{};  ///< Of every step.
  /// How its predictions are judged, whatever it is trained with: by this loss, of what `readout`
  /// makes of its outputs. A remedy that changes outputs or loss keeps the judgement comparable.
  LossKind judged_by = LossKind::kMse;
  Readout readout = Readout::kOutputs;

  /// What it is judged on: what is held out, or the samples it is trained on where nothing is.
  const Samples& judged_samples() const {
    return data->validation.rows > 0 ? data->validation : data->training;
  }
};

}  // namespace gradvitals
