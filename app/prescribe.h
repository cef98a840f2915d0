// `gradvitals prescribe`: remedies tried on a network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/exit_code.h"
#include "app/optimizer_options.h"
#include "app/options.h"
#include "framework/networks.h"
#include "kernels/ops/activation.h"
#include "training/model_spec.h"

namespace gradvitals::app {

struct PrescribeOptions {
  // The network, one of three.
  std::optional<std::string> file;  ///< safetensors: layers, activations and loss
  std::optional<NotebookNetwork> network;
  std::optional<ModelSpec> model;

  std::optional<std::string> activations;  ///< Of a file without metadata.
  std::optional<Activation> head;          ///< Of a notebook's network.
  std::optional<std::string> loss;
  std::optional<std::string> data;    ///< None: the notebook's random samples.
  std::optional<std::string> target;  ///< Of a table.

  // How each trial is trained.
  std::int64_t steps = 200;
  std::optional<std::int64_t> batch;
  OptimizerOptions optimizer;  ///< Of its own: adam.
  std::int64_t seed = 42;

  std::optional<std::string> json;  ///< Path, or "-" for stdout.
  ColorMode color = ColorMode::kAuto;
  bool ascii = false;
  ComputeOptions computing;

  /// Adds the command to the program; `this` must outlive the parsing.
  Command add_to(CommandLine& program);
  /// Throws UsageError for options that contradict each other, naming both, or that lack another.
  void check() const;
};

/// Tries the remedies, telling on stderr how each one did, and writes the requested outputs. Throws
/// UsageError for options that contradict each other, and InputError for what cannot be read.
ExitCode prescribe(const PrescribeOptions& options);

}  // namespace gradvitals::app
