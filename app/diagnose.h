// `gradvitals diagnose`: gradients dumped by any framework, or recorded metrics, judged.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"
#include "app/options.h"

namespace gradvitals::app {

struct DiagnoseOptions {
  std::vector<std::string> files;  ///< safetensors dumps; one per step, say.
  std::string metrics;             ///< JSON with the seed's keys, instead of dumps.
  JudgingOptions judging;
  ComputeOptions computing;

  /// Adds the command to the program; `this` must outlive the parsing.
  CLI::App* add_to(CLI::App& program);
};

/// One input gives a diagnosis, several a comparison. Throws InputError for what cannot be read.
ExitCode diagnose(const DiagnoseOptions& options);

}  // namespace gradvitals::app
