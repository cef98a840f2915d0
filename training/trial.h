// A trial: a training of a few steps, judged before and after.
#pragma once

#include <cstdint>
#include <functional>

#include "kernels/runtime/stream.h"
#include "monitor/report/prescription.h"
#include "training/remedies.h"
#include "training/training_plan.h"

namespace gradvitals {

struct TrialResult {
  Trial trial;  ///< Without names of remedies; `trains` is not set.
  GradientSymptoms symptoms;
  bool is_complete = true;  ///< false where it was interrupted.
};

/// Trains the network of the plan for `steps` updates, under watch. The verdict before is that of
/// the first step; the one after is that of the rules over time or of the last check-up, whichever
/// is worse, on the gradients behind the last update; of a network that has converged, that of the
/// rules over time. Throws as build_network() and Trainer do.
///
/// `is_interrupted` is asked in every step, where it is given, and ends the trial.
TrialResult run_trial(Stream stream, const TrainingPlan& plan, std::int64_t steps,
                      const std::function<bool()>& is_interrupted = {});

}  // namespace gradvitals
