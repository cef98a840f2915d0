// `gradvitals checkup`: one forward and backward pass of the user's own model, judged.
#pragma once

#include <optional>
#include <string>

#include "app/exit_code.h"
#include "app/options.h"

namespace gradvitals::app {

struct CheckupOptions {
  std::string model;  ///< safetensors: layers, activations and loss
  std::string data;   ///< safetensors: x and y
  /// For a model without metadata.
  std::optional<std::string> activations;  ///< One word per layer, or one for the hidden layers.
  std::optional<std::string> loss;
  JudgingOptions judging;
  ComputeOptions computing;

  /// Adds the command to the program; `this` must outlive the parsing.
  Command add_to(CommandLine& program);
};

/// Throws InputError for what cannot be read, and UsageError where the options contradict the file
/// or where neither of them has a setting.
ExitCode checkup(const CheckupOptions& options);

}  // namespace gradvitals::app
