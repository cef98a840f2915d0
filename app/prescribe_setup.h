// What `gradvitals prescribe` works on: from options to a training that can be changed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/prescribe.h"
#include "kernels/runtime/stream.h"
#include "training/training_data.h"
#include "training/training_plan.h"

namespace gradvitals::app {

struct PrescribeSetup {
  TrainingPlan plan;
  std::string name;  ///< "64-32-sigmoid-10 on digits"
  /// For reports: {"optimizer", "adam, ..."}.
  std::vector<std::pair<std::string, std::string>> settings;
};

/// What --data and --target name, with targets of this form. Throws InputError as
/// load_training_data().
TrainingData read_table(const PrescribeOptions& options, TargetForm form);

/// Reads the data and describes the training. Throws UsageError where network, data and loss do not
/// fit together, and InputError for what cannot be read.
PrescribeSetup set_up_prescription(Stream& stream, const PrescribeOptions& options);

}  // namespace gradvitals::app
