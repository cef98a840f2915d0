// Prescription: remedies that were tried, not recited.
#pragma once

#include <cstdint>
#include <functional>

#include "kernels/runtime/stream.h"
#include "monitor/report/prescription.h"
#include "training/remedies.h"
#include "training/training_plan.h"

namespace gradvitals {

/// A share of the loss of the best constant prediction: what is learnt by heart has losses of 1e-5
/// and 1e-6, and is none the better for it.
inline constexpr double kLossResolution = 0.01;

struct PrescriptionOptions {
  std::int64_t steps = 200;  ///< Of each trial.
  /// Told of each trial once it has ended.
  std::function<void(const Trial&)> on_trial{};
  /// Asked in every step. Where it says so the trials end: the one that is under way does not count, and
  /// the report is of those before it.
  std::function<bool()> is_interrupted{};
  /// The command that repeats a training, for Trial::command; empty where there is none. `symptoms`
  /// are those of the trial.
  std::function<std::string(const TrainingPlan& plan, const GradientSymptoms& symptoms)>
      command_of{};
};

/// Trains the network as it is, then once with each remedy that applies (remedies.h), then with
/// pairs of the best three that helped: all from the start, for as many steps, on the same batches
/// and under watch. Judges them by the loss behind the last step, of the samples that are held out;
/// of those that were trained on where none are. It is the loss of the plan for all, also where a
/// remedy trains with another one (TrainingPlan::judged_by).
///
/// Trains means: a loss clearly_below() that of the best constant prediction. The best comes
/// first: losses that are alike to kLossResolution of that prediction's are ranked by health and
/// then by how little was changed; what is not finite comes last. Everything is decided by the
/// plan's seeds: two calls on one machine give the same report. Of the report, name, device and
/// settings are left to the caller.
///
/// Throws std::invalid_argument for fewer than one step, for targets that are all the same, and as
/// Trainer does where the network does not fit the data.
PrescriptionReport prescribe(Stream stream, TrainingPlan plan,
                             const PrescriptionOptions& options = {});

}  // namespace gradvitals
