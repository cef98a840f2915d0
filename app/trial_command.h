// The command that repeats a trial of `gradvitals prescribe`.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "app/prescribe.h"
#include "kernels/runtime/stream.h"
#include "training/prescription.h"
#include "training/training_data.h"
#include "training/training_plan.h"

namespace gradvitals::app {

/// Writes `gradvitals train ...` for the trials of one call. Only commands that train the very same
/// network on the very same samples, to the bit: where no options of train do, there is none.
class TrialCommands {
 public:
  /// Of the network as it is, with the options that it was made of; both must outlive it.
  TrialCommands(const PrescribeOptions& options, const TrainingPlan& original)
      : options_(options), original_(original) {}

  /// Empty where there is none. Reads the data again where the trial's loss has targets in another
  /// form.
  std::string command_of(const TrainingPlan& plan, const GradientSymptoms& symptoms);

 private:
  bool reads_same_data(TargetForm form);

  const PrescribeOptions& options_;
  const TrainingPlan& original_;
  std::map<TargetForm, bool>
      is_same_;  ///< By form: whether train makes the same samples of the data.
};

}  // namespace gradvitals::app
