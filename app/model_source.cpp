#include "app/model_source.h"

#include <fmt/format.h>

#include <cstddef>

#include "app/command_line.h"
#include "app/own_file.h"
#include "framework/io/dense_layers.h"

namespace gradvitals::app {
namespace {

/// Expands a single word to all hidden layers, before a linear head.
std::string one_per_layer(const std::string& word, std::size_t layer_count) {
  if (word.find(',') != std::string::npos) return word;
  std::string words;
  for (std::size_t i = 1; i < layer_count; ++i) words += word + ",";
  return words + (layer_count == 1 ? word : "linear");
}

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

/// A setting from the option or from the metadata, which must agree; none if neither has it.
std::optional<ModelWord> setting_of(const SafetensorsFile& file, const std::string& key,
                                    const std::optional<std::string>& option) {
  const auto found = file.metadata().find(key);
  const std::string option_name = "--" + key;
  if (found == file.metadata().end()) {
    if (!option) return std::nullopt;
    return ModelWord{.text = *option, .where = option_name};
  }
  if (option && without_blanks(*option) != without_blanks(found->second)) {
    throw UsageError(fmt::format("{}: its metadata says {} {}, but {} says {}", file.path(), key,
                                 found->second, option_name, *option));
  }
  return ModelWord{.text = found->second, .where = fmt::format("metadata \"{}\"", key)};
}

/// The command line that supplies the missing settings, with the known ones filled in.
std::string line_to_type(const ModelSource& source, bool lacks_activations, bool lacks_loss) {
  std::string line =
      fmt::format("gradvitals {} {} --data {}", source.command, source.model, source.data);
  if (lacks_activations) line += " --activations relu";
  if (source.activations) line += " --activations " + *source.activations;
  if (lacks_loss) line += " --loss mse";
  if (source.loss) line += " --loss " + *source.loss;
  return line;
}

}  // namespace

ModelFile read_model(const ModelSource& source) {
  refuse_own_file(source.model);
  refuse_own_file(source.data);
  const SafetensorsFile file(source.model);
  const std::size_t layer_count = dense_layers_of(file).size();
  std::optional<std::string> listed = source.activations;
  if (listed) listed = one_per_layer(*listed, layer_count);
  const std::optional<ModelWord> activations = setting_of(file, "activations", listed);
  const std::optional<ModelWord> loss = setting_of(file, "loss", source.loss);
  if (activations && loss) return gradvitals::read_model(file, *activations, *loss);
  const char* const lacking = activations ? "loss" : loss ? "activations" : "activations and loss";
  throw UsageError(fmt::format(
      "{}: does not say its {}; say it, for example: {} (activations: one word for the hidden "
      "layers before a linear head, or {} words with commas; loss: mse, bce, bce_with_logits or "
      "cross_entropy)",
      source.model, lacking, line_to_type(source, !activations, !loss), layer_count));
}

}  // namespace gradvitals::app
