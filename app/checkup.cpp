#include "app/checkup.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "app/deliver.h"
#include "app/judge.h"
#include "app/monitor_gradient_health.h"
#include "framework/io/dense_layers.h"
#include "framework/io/make_model.h"
#include "framework/io/model_file.h"

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
std::string line_to_type(const CheckupOptions& options, bool lacks_activations, bool lacks_loss) {
  std::string line = fmt::format("gradvitals checkup {} --data {}", options.model, options.data);
  if (lacks_activations) line += " --activations relu";
  if (options.activations) line += " --activations " + *options.activations;
  if (lacks_loss) line += " --loss mse";
  if (options.loss) line += " --loss " + *options.loss;
  return line;
}

ModelFile read_model(const CheckupOptions& options) {
  const SafetensorsFile file(options.model);
  const std::size_t layer_count = dense_layers_of(file).size();
  std::optional<std::string> listed = options.activations;
  if (listed) listed = one_per_layer(*listed, layer_count);
  const std::optional<ModelWord> activations = setting_of(file, "activations", listed);
  const std::optional<ModelWord> loss = setting_of(file, "loss", options.loss);
  if (activations && loss) return gradvitals::read_model(file, *activations, *loss);
  const char* const lacking = activations ? "loss" : loss ? "activations" : "activations and loss";
  throw UsageError(fmt::format(
      "{}: does not say its {}; say it, for example: {} (activations: one word for the hidden "
      "layers before a linear head, or {} words with commas; loss: mse, bce, bce_with_logits or "
      "cross_entropy)",
      options.model, lacking, line_to_type(options, !activations, !loss), layer_count));
}

}  // namespace

Command CheckupOptions::add_to(CommandLine& program) {
  Command command = program.add_command(
      "checkup", "Judge a model of your own from one forward and backward pass");
  command.required_text("MODEL", model, "", "Layers, activations and loss as safetensors");
  command.required_text("--data", data, "DATA",
                        "The batch, x and y, as safetensors or .npz; class indices will do for y");
  command.text("--activations", activations, "LIST",
               "Where MODEL does not say: one word per layer (relu,relu,linear), or one for the "
               "hidden layers before a linear head");
  command.text("--loss", loss, "NAME",
               "Where MODEL does not say: mse, bce, bce_with_logits or cross_entropy");
  judging.add_to(command);
  computing.add_to(command);
  return command;
}

ExitCode checkup(const CheckupOptions& options) {
  options.judging.check(std::vector{options.model, options.data});
  const Thresholds thresholds = options.judging.thresholds();
  const ModelFile file = read_model(options);
  const ModelBatch batch = read_batch(options.data, file);
  Stream stream = options.computing.open_stream();
  const Sequential model = make_model(stream, file);
  const Tensor x =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.front().inputs}, batch.x);
  const Tensor y =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.back().outputs}, batch.y);
  HealthMetrics metrics = monitor_gradient_health(stream, model, x, y, file.loss);
  return deliver_diagnosis(judge(std::move(metrics), thresholds, stream.device(), options.model),
                           options.judging);
}

}  // namespace gradvitals::app
