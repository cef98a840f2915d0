// A model file, and what the command line says of it where it does not say so itself.
#pragma once

#include <optional>
#include <string>

#include "framework/io/model_file.h"

namespace gradvitals::app {

struct ModelSource {
  std::string command;  ///< "checkup", for the line to type in messages.
  std::string model;    ///< safetensors: layers, activations and loss
  std::string data;     ///< safetensors: x and y
  /// For a model without metadata.
  std::optional<std::string> activations;  ///< One word per layer, or one for the hidden layers.
  std::optional<std::string> loss;
};

/// Throws InputError for what cannot be read, and UsageError where the options contradict the file or
/// where neither of them has a setting, with a line to type.
ModelFile read_model(const ModelSource& source);

}  // namespace gradvitals::app
