#include "app/prescribe_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>

#include "app/chosen_loss.h"
#include "app/model_source.h"
#include "app/notebook_option.h"
#include "app/own_file.h"
#include "kernels/runtime/input_message.h"
#include "training/held_out.h"
#include "training/notebook_data.h"
#include "training/targets.h"

namespace gradvitals::app {
namespace {

constexpr double kHeldOutShare = 0.1;

std::uint64_t seed_of(const PrescribeOptions& options) {
  return static_cast<std::uint64_t>(options.seed);
}

void refuse_nonfinite(const std::string& path, const char* array, std::span<const float> values) {
  const auto bad = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  refuse_input(path, fmt::format("{}: element {} is {}; training needs finite numbers", array,
                                 bad - values.begin(), *bad));
}

/// The file's samples as they are: how they are scaled is among what may be wrong.
TrainingData batch_data(const std::string& path, const ModelFile& file, std::uint64_t seed) {
  ModelBatch batch = read_batch(path, file);
  refuse_nonfinite(path, "x", batch.x);
  refuse_nonfinite(path, "y", batch.y);
  if (target_form(file.loss, file.layers.back().activation) == TargetForm::kProbabilities) {
    const std::int64_t outputs = file.layers.back().outputs;
    check_probabilities(
        {.rows = batch.rows, .outputs = outputs, .x = {}, .y = {batch.y.begin(), batch.y.end()}},
        path);
  }
  return hold_out({.rows = batch.rows, .x = std::move(batch.x), .y = std::move(batch.y)}, path,
                  kHeldOutShare, seed);
}

TrainerOptions trial_options(const PrescribeOptions& options, LossKind loss) {
  TrainerOptions trial;
  trial.loss = loss;
  const OptimizerKind optimizer = options.optimizer.kind.value_or(OptimizerKind::kAdam);
  trial.optimizer = options.optimizer.choice(optimizer);
  trial.learning_rate.base = options.optimizer.rate(optimizer);
  trial.batch = options.batch.value_or(options.data ? trial.batch : kNotebookSamples);
  trial.seed = seed_of(options);
  return trial;
}

/// Network and samples, and what they are called.
struct Subject {
  NetworkPlan network;
  TrainingData data;
  LossKind loss;
  std::string name;
};

Subject subject_from_file(const PrescribeOptions& options) {
  const ModelFile file = read_model({.command = "prescribe",
                                     .model = *options.file,
                                     .data = *options.data,
                                     .activations = options.activations,
                                     .loss = options.loss});
  return {.network = plan_of(file, seed_of(options)),
          .data = batch_data(*options.data, file, seed_of(options)),
          .loss = file.loss,
          .name = *options.file};
}

Subject subject_from_notebook(Stream& stream, const PrescribeOptions& options) {
  const Activation head = options.head.value_or(Activation::kSigmoid);
  const LossKind loss = chosen_loss(options.loss, "", head);
  TrainingData data = options.data ? read_table(options, target_form(loss, head))
                                   : notebook_data(stream, seed_of(options));
  NetworkPlan network = plan_of(
      *options.network, {.seed = seed_of(options), .features = data.features, .head = head});
  return {.network = std::move(network),
          .data = std::move(data),
          .loss = loss,
          .name = notebook_title(*options.network)};
}

Subject subject_from_spec(const PrescribeOptions& options) {
  const LossKind loss = chosen_loss(options.loss, *options.data, options.model->head());
  NetworkPlan network = plan_of(*options.model, {.seed = seed_of(options)});
  std::string name = text(network);
  return {.network = std::move(network),
          .data = read_table(options, target_form(loss, options.model->head())),
          .loss = loss,
          .name = std::move(name)};
}

void check_subject_fits(const Subject& subject) {
  const std::int64_t inputs = subject.network.inputs;
  const std::int64_t outputs = dense_plans(subject.network).back()->units;
  if (inputs == subject.data.features && outputs == subject.data.outputs) return;
  throw UsageError(fmt::format(
      "{} takes {} features and gives {} outputs, but {} has {} features and {} targets",
      subject.name, inputs, outputs, subject.data.name, subject.data.features,
      subject.data.outputs));
}

}  // namespace

TrainingData read_table(const PrescribeOptions& options, TargetForm form) {
  refuse_own_file(*options.data);
  return load_training_data({.data = *options.data,
                             .target = options.target.value_or(""),
                             .form = form,
                             .validation_share = kHeldOutShare,
                             .seed = seed_of(options)});
}

PrescribeSetup set_up_prescription(Stream& stream, const PrescribeOptions& options) {
  Subject subject = options.file      ? subject_from_file(options)
                    : options.network ? subject_from_notebook(stream, options)
                                      : subject_from_spec(options);
  check_subject_fits(subject);
  PrescribeSetup setup{
      .plan = {.network = std::move(subject.network),
               .data = std::make_shared<const TrainingData>(std::move(subject.data)),
               .options = trial_options(options, subject.loss),
               .judged_by = subject.loss},
      .name = {},
      .settings = {}};
  const TrainingPlan& plan = setup.plan;
  setup.name = fmt::format("{} on {}", subject.name, plan.data->name);
  setup.settings = {
      {"network", text(plan.network)},
      {"data", plan.data->description},
      {"loss", std::string(name(plan.options.loss))},
      {"optimizer", summary(plan.options.optimizer)},
      {"learning rate", summary(plan.options.learning_rate)},
      {"batch", std::to_string(std::min(plan.options.batch, plan.data->training.rows))},
      {"seed", std::to_string(options.seed)}};
  return setup;
}

}  // namespace gradvitals::app
