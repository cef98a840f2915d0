// What `gradvitals train` trains: from options to data, model and settings.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/train_options.h"
#include "framework/sequential.h"
#include "kernels/runtime/stream.h"
#include "training/trainer.h"
#include "training/training_data.h"

namespace gradvitals::app {

struct TrainSetup {
  TrainingData data;
  Sequential model;
  TrainerOptions options;
  std::string name;    ///< "64-128-relu-64-relu-10 on digits"
  std::string device;  ///< "cpu", "cuda" or "sim"
  /// For reports: {"optimizer", "adam, ..."}.
  std::vector<std::pair<std::string, std::string>> settings;
};

/// Reads the data and builds the model, and tells on stderr what was chosen where the options leave it
/// open. Throws UsageError where model, data and loss do not fit together, and InputError for data that
/// cannot be read.
TrainSetup set_up_training(Stream& stream, const TrainOptions& options);

}  // namespace gradvitals::app
