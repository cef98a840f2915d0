#include "app/train_setup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/chosen_loss.h"
#include "app/notebook_option.h"
#include "app/own_file.h"
#include "app/terminal.h"
#include "framework/networks.h"
#include "monitor/metrics/phrases.h"
#include "training/constant_baseline.h"
#include "training/initial_values.h"
#include "training/network_plan.h"
#include "training/notebook_data.h"

namespace gradvitals::app {
namespace {

constexpr std::int64_t kNotebookSteps = 1000;

Activation head_of(const TrainOptions& options) {
  if (options.network) return options.head.value_or(Activation::kSigmoid);
  return options.model ? options.model->head() : Activation::kLinear;
}

TrainingData data_of(Stream& stream, const TrainOptions& options, LossKind loss) {
  if (options.data.empty()) return notebook_data(stream, static_cast<std::uint64_t>(options.seed));
  refuse_own_file(options.data);
  TrainingDataRequest request = {.data = options.data,
                                 .target = options.target,
                                 .form = {},
                                 .seed = static_cast<std::uint64_t>(options.seed)};
  // Targets that are names say themselves what they are.
  const bool is_open = !options.loss && !options.network &&
                       target_form(loss, head_of(options)) == TargetForm::kStandardized;
  if (!is_open) request.form = target_form(loss, head_of(options));
  if (options.validation_share) request.validation_share = *options.validation_share;
  return load_training_data(request);
}

/// Two hidden layers, wide enough for small data.
ModelSpec default_model(const TrainingData& data, LossKind loss) {
  const int first_width = loss == LossKind::kSoftmaxCrossEntropy ? 128 : 64;
  return parse_model_spec(
      fmt::format("{}-{}-relu-64-relu-{}", data.features, first_width, data.outputs));
}

void check_widths(const std::string& model, std::int64_t inputs, std::int64_t outputs,
                  const TrainingData& data) {
  if (inputs != data.features) {
    throw UsageError(fmt::format("--model {}: takes {} features, but {} has {}", model, inputs,
                                 data.name, data.features));
  }
  if (outputs != data.outputs) {
    throw UsageError(fmt::format("--model {}: gives {} outputs, but the targets of {} have {}",
                                 model, outputs, data.name, data.outputs));
  }
}

Sequential notebook_model(Stream& stream, const TrainOptions& options, const TrainingData& data) {
  if (data.outputs != 1) {
    throw UsageError(fmt::format("--network gives one output, but the targets of {} have {}",
                                 data.name, data.outputs));
  }
  return notebook_network(stream, *options.network,
                          {.seed = static_cast<std::uint64_t>(options.seed),
                           .features = data.features,
                           .head = head_of(options)});
}

TrainerOptions trainer_options(const TrainOptions& options, LossKind loss) {
  TrainerOptions chosen;
  chosen.loss = loss;
  const OptimizerKind optimizer = options.optimizer.kind.value_or(OptimizerKind::kAdam);
  chosen.optimizer = options.optimizer.choice(optimizer);
  chosen.learning_rate = {.base = options.optimizer.rate(optimizer),
                          .warmup_steps = options.warmup_steps,
                          .decay = options.schedule,
                          .floor = options.final_rate.value_or(0.0)};
  if (chosen.learning_rate.floor > chosen.learning_rate.base) {
    throw UsageError(fmt::format("--final-rate {} is above --learning-rate {}",
                                 chosen.learning_rate.floor, chosen.learning_rate.base));
  }
  const bool is_notebook = options.data.empty();
  chosen.batch = options.batch.value_or(is_notebook ? kNotebookSamples : chosen.batch);
  chosen.steps = options.steps;
  if (options.epochs) chosen.epochs = *options.epochs;
  if (is_notebook && !options.epochs && !options.steps) chosen.steps = kNotebookSteps;
  chosen.seed = static_cast<std::uint64_t>(options.seed);
  chosen.checkup_every = options.checkup_every;
  chosen.thresholds = read_thresholds(options.thresholds_file);
  chosen.signals = options.signals;
  chosen.histograms = options.files.tensorboard.has_value();
  return chosen;
}

/// Numbers that may stand for classes are learnt as numbers: says so, and how to learn them otherwise.
void tell_chosen_loss(const TrainOptions& options, const TrainingData& data, LossKind loss) {
  if (!options.loss && !data.class_names.empty()) {
    note(fmt::format("no --loss is given: {}, since the targets are names of classes: {}",
                     name(loss), list_names(data.class_names)));
    return;
  }
  const std::vector<double>& values = data.whole_targets;
  if (options.loss || loss != LossKind::kMse || values.size() < 2) return;
  const bool is_binary = values == std::vector<double>{0.0, 1.0};
  if (options.network && !is_binary) return;  // It has one output.
  const bool are_classes =
      values.front() == 0.0 && values.back() == static_cast<double>(values.size() - 1);
  const std::string_view word = !is_binary                                 ? "cross_entropy"
                                : head_of(options) == Activation::kSigmoid ? "bce"
                                                                           : "bce_with_logits";
  note(fmt::format(
      "no --loss is given: mse, which learns the targets as numbers; they are {}: if these are "
      "classes, {}--loss {}",
      fmt::join(values, ", "), are_classes ? "" : "number them from 0 on and give ", word));
}

}  // namespace

TrainSetup set_up_training(Stream& stream, const TrainOptions& options) {
  LossKind loss = chosen_loss(options.loss, options.network ? "" : options.data, head_of(options));
  TrainerOptions chosen = trainer_options(options, loss);
  TrainingData data = data_of(stream, options, loss);
  if (!options.loss && data.form == TargetForm::kClasses) {
    loss = chosen.loss = LossKind::kSoftmaxCrossEntropy;
  }
  tell_chosen_loss(options, data, loss);
  if (!has_varied_targets(data.training)) {
    note(fmt::format("all targets of {} are the same: there is nothing to learn", data.name));
  }
  if (chosen.signals.noise && std::min(chosen.batch, data.training.rows) < 2) {
    throw UsageError(
        "--signals noise needs batches of two samples or more: it compares their halves");
  }
  const ModelSpec spec = options.model ? *options.model : ModelSpec{};
  std::string model_name;
  const auto build = [&] {
    if (options.network) {
      model_name = notebook_title(*options.network);
      return notebook_model(stream, options, data);
    }
    const ModelSpec chosen_model = options.model ? spec : default_model(data, loss);
    model_name = text(chosen_model);
    check_widths(model_name, chosen_model.inputs, chosen_model.outputs(), data);
    NetworkPlan plan = plan_of(chosen_model, {.seed = static_cast<std::uint64_t>(options.seed)});
    if (options.has_he_values) initialize_by_activations(plan);
    return build_network(stream, plan);
  };
  Sequential model = build();
  if (!options.model && !options.network) {
    note(fmt::format("no --model is given: {} with loss {}", model_name, name(loss)));
  }
  std::vector<std::pair<std::string, std::string>> settings = {
      {"model", model_name},
      {"data", data.description},
      {"loss", std::string(name(loss))},
      {"optimizer", summary(chosen.optimizer)},
      {"learning rate", summary(chosen.learning_rate)},
      {"batch", std::to_string(std::min(chosen.batch, data.training.rows))},
      {"seed", std::to_string(options.seed)}};
  if (treats(options.treatment)) settings.emplace_back("treatment", summary(options.treatment));
  std::string run_name = fmt::format("{} on {}", model_name, data.name);
  return {.data = std::move(data),
          .model = std::move(model),
          .options = std::move(chosen),
          .name = std::move(run_name),
          .device = gradvitals::name(stream.device()),
          .settings = std::move(settings)};
}

}  // namespace gradvitals::app
