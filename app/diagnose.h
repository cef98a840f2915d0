// `gradvitals diagnose`: gradients dumped by any framework, or recorded metrics, judged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/exit_code.h"
#include "app/options.h"

namespace gradvitals::app {

struct DiagnoseOptions {
  std::vector<std::string> files;  ///< Dumps or recorded metrics; several are steps of one run.
  std::string metrics;             ///< Recorded metrics, instead of files.
  std::string parameters;          ///< A file of names; empty for none.
  std::string weights;             ///< safetensors; empty for none.
  std::optional<double> loss_scale;
  std::optional<std::int64_t> step;  ///< Of the one file.
  JudgingOptions judging;
  ComputeOptions computing;

  /// Adds the command to the program; `this` must outlive the parsing.
  Command add_to(CommandLine& program);
};

/// One step gives a diagnosis, several the diagnosis of a run. Throws InputError for what cannot be
/// read and UsageError for options that contradict each other.
ExitCode diagnose(const DiagnoseOptions& options);

}  // namespace gradvitals::app
