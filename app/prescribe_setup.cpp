#include "app/prescribe_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>

#include "app/model_source.h"
#include "framework/networks.h"
#include "kernels/runtime/input_message.h"
#include "training/held_out.h"
#include "training/known_data.h"

namespace gradvitals::app {
namespace {

constexpr std::int64_t kNotebookSamples = 100;
constexpr double kHeldOutShare = 0.1;
/// The notebook's third network.
constexpr double kExplodingDeviation = 2.0;

std::uint64_t seed_of(const PrescribeOptions& options) {
  return static_cast<std::uint64_t>(options.seed);
}

/// The loss by its name; "bce" behind a sigmoid is that of probabilities, as in model files.
LossKind named_loss(const std::string& word, Activation head) {
  const std::optional<LossKind> loss = parse_loss(word);
  if (!loss) {
    throw UsageError(
        fmt::format("--loss: '{}' is not one of mse, bce, bce_with_logits, cross_entropy", word));
  }
  const bool has_probabilities = head == Activation::kSigmoid;
  if (word == "bce" && has_probabilities) return LossKind::kBinaryCrossEntropy;
  if (*loss == LossKind::kBinaryCrossEntropy && !has_probabilities) {
    throw UsageError(fmt::format(
        "--loss {} is of probabilities, but the network ends with {}: end it with sigmoid, or use "
        "bce_with_logits",
        word, name(head)));
  }
  return *loss;
}

LossKind prescribed_loss(const PrescribeOptions& options, Activation head) {
  if (options.loss) return named_loss(*options.loss, head);
  const KnownData* const known =
      options.model && options.data ? find_known_data(*options.data) : nullptr;
  const bool has_classes = known != nullptr && known->form == TargetForm::kClasses;
  return has_classes ? LossKind::kSoftmaxCrossEntropy : LossKind::kMse;
}

TrainingData samples_of_notebook(Stream& stream, std::uint64_t seed) {
  const SampleData samples = make_sample_data(stream, seed, kNotebookSamples);
  return hold_out(
      {.rows = kNotebookSamples, .x = samples.x.to_host<float>(), .y = samples.y.to_host<float>()},
      "the notebook's samples", 0.0, seed);
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
  return hold_out({.rows = batch.rows, .x = std::move(batch.x), .y = std::move(batch.y)}, path,
                  kHeldOutShare, seed);
}

TrainingData table_data(const PrescribeOptions& options, LossKind loss, Activation head) {
  return load_training_data({.data = *options.data,
                             .target = options.target.value_or(""),
                             .form = target_form(loss, head),
                             .validation_share = kHeldOutShare,
                             .seed = seed_of(options)});
}

/// As framework/networks.h makes it.
NetworkPlan plan_of_notebook(const std::string& network, std::int64_t features, Activation head,
                             std::uint64_t seed) {
  const bool is_exploding = network == "exploding";
  const std::string hidden = is_exploding           ? "-64-64-64"
                             : network == "sigmoid" ? "-64-sigmoid-64-sigmoid-64-sigmoid-64-sigmoid"
                                                    : "-64-relu-64-relu-64-relu-64-relu";
  const ModelSpec spec = parse_model_spec(fmt::format("{}{}-1-{}", features, hidden, name(head)));
  NetworkPlan plan = plan_of(spec, {.name = is_exploding           ? "ExplodingNetwork"
                                            : network == "sigmoid" ? "SigmoidNetwork"
                                                                   : "ReLUNetwork",
                                    .seed = seed});
  if (is_exploding) {
    std::vector<DensePlan*> layers = dense_plans(plan);
    layers.pop_back();
    for (DensePlan* const dense : layers) {
      dense->initializer = RandomNormal{.stddev = kExplodingDeviation};
    }
  }
  return plan;
}

/// Those of `gradvitals train`.
double usual_rate(OptimizerKind optimizer) {
  switch (optimizer) {
    case OptimizerKind::kSgd:
      return 0.1;
    case OptimizerKind::kMomentum:
      return 0.01;
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamW:
      break;
  }
  return 0.001;
}

TrainerOptions trial_options(const PrescribeOptions& options, LossKind loss) {
  TrainerOptions trial;
  trial.loss = loss;
  trial.optimizer.kind = options.optimizer;
  if (options.momentum) trial.optimizer.momentum = *options.momentum;
  if (options.weight_decay) trial.optimizer.weight_decay = *options.weight_decay;
  trial.learning_rate.base = options.learning_rate.value_or(usual_rate(options.optimizer));
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
  const LossKind loss = prescribed_loss(options, head);
  TrainingData data = options.data ? table_data(options, loss, head)
                                   : samples_of_notebook(stream, seed_of(options));
  NetworkPlan network = plan_of_notebook(*options.network, data.features, head, seed_of(options));
  return {.network = std::move(network),
          .data = std::move(data),
          .loss = loss,
          .name = fmt::format("the notebook's {} network", *options.network)};
}

Subject subject_from_spec(const PrescribeOptions& options) {
  const LossKind loss = prescribed_loss(options, options.model->head());
  NetworkPlan network = plan_of(*options.model, {.seed = seed_of(options)});
  std::string name = text(network);
  return {.network = std::move(network),
          .data = table_data(options, loss, options.model->head()),
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
