#include "app/checkup.h"

#include <CLI/CLI.hpp>

#include "app/deliver.h"
#include "app/judge.h"
#include "app/monitor_gradient_health.h"
#include "framework/io/file_model.h"
#include "framework/io/model_file.h"

namespace gradvitals::app {

CLI::App* CheckupOptions::add_to(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "checkup", "Judge a model of your own from one forward and backward pass");
  command->add_option("MODEL", model, "Layers, activations and loss as safetensors")
      ->type_name("")
      ->required();
  command->add_option("--data", data, "The batch, x and y, as safetensors")
      ->type_name("DATA")
      ->required();
  judging.add_to(*command);
  computing.add_to(*command);
  return command;
}

ExitCode checkup(const CheckupOptions& options) {
  options.judging.check();
  const ModelFile file = read_model(options.model);
  const ModelBatch batch = read_batch(options.data, file);
  Stream stream = options.computing.open_stream();
  FileModel model(stream, file);
  const Tensor x =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.front().inputs}, batch.x);
  const Tensor y =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.back().outputs}, batch.y);
  HealthMetrics metrics = monitor_gradient_health(stream, model, x, y);
  return deliver_diagnosis(judge(std::move(metrics), stream.device(), options.model),
                           options.judging);
}

}  // namespace gradvitals::app
