// `gradvitals train`: trains a network under watch.
#pragma once

#include "app/exit_code.h"
#include "app/train_options.h"

namespace gradvitals::app {

/// Trains, shows how it goes, and writes the requested outputs. Throws UsageError for options that
/// contradict each other, and InputError for what cannot be read. An output that fails in mid-training
/// is told once and named at the end; the exit code is then kError.
ExitCode train(const TrainOptions& options);

}  // namespace gradvitals::app
