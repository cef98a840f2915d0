#include "app/checkup.h"

#include <utility>
#include <vector>

#include "app/deliver.h"
#include "app/judge.h"
#include "app/model_source.h"
#include "app/monitor_gradient_health.h"
#include "framework/io/make_model.h"
#include "framework/io/model_file.h"

namespace gradvitals::app {
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
  options.judging.check(
      std::vector<NamedPath>{{"checkup", options.model}, {"--data", options.data}});
  const Thresholds thresholds = options.judging.thresholds();
  const ModelFile file = read_model({.command = "checkup",
                                     .model = options.model,
                                     .data = options.data,
                                     .activations = options.activations,
                                     .loss = options.loss});
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
