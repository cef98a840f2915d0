#include "app/train_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "training/command_words.h"
#include "training/training_data.h"

namespace gradvitals::app {
namespace {

// The range of np.random.seed.
constexpr std::int64_t kLargestTrainingSeed = 4294967295;
/// 2^24 samples of 1,000 units are 64 GB of activations.
constexpr std::int64_t kLargestTrainingBatch = 1 << 24;
/// Years of training: beyond it a number is a slip of the hand.
constexpr std::int64_t kMostTrainingSteps = 1'000'000'000'000;

template <class Value>
std::function<void(const std::string&)> reader_of(std::optional<Value>& value,
                                                  std::optional<Value> (*parse)(std::string_view),
                                                  const std::string& known) {
  return [&value, parse, known](const std::string& text) {
    value = parse(text);
    if (!value) throw std::invalid_argument(fmt::format("'{}' is not one of {}", text, known));
  };
}

void add_subject(Command& command, TrainOptions& options) {
  command.group("What is trained");
  command.parsed("--model", "SPEC", "",
                 "Widths and what is applied in between: 784-128-relu-layernorm-10. Words are " +
                     activation_names() + ", layernorm, dropout0.1",
                 [&options](const std::string& text) { options.model = parse_model_spec(text); });
  command.word(
      "--network", {"sigmoid", "relu", "exploding"}, "",
      "One of the notebook's networks instead, on the notebook's random samples or on --data",
      [&options](const std::string& word) {
        options.network = word == "sigmoid" ? NotebookNetwork::kSigmoid
                          : word == "relu"  ? NotebookNetwork::kRelu
                                            : NotebookNetwork::kExploding;
      });
  command.word("--head", {"sigmoid", "linear"}, "sigmoid",
               "Activation of the last layer of --network",
               [&options](const std::string& word) { options.head = parse_activation(word); });
  command.text("--data", options.data, "NAME|FILE",
               known_data_sets() +
                   ", or a table of your own: CSV or IDX, plain or .gz, or "
                   "safetensors or .npz with x and y. Without --model: one with two hidden layers");
  command.text(
      "--target", options.target, "NAME|INDEX|FILE",
      "What a table is to predict: the name or the index of a column (from 0; from the end "
      "where negative), or a second file");
  command.parsed("--loss", "NAME", "",
                 "mse, softmax_cross_entropy, binary_cross_entropy or "
                 "binary_cross_entropy_from_logits; else what suits the data",
                 reader_of(options.loss, parse_loss,
                           "mse, softmax_cross_entropy, binary_cross_entropy, "
                           "binary_cross_entropy_from_logits"));
  command.number_from_zero("--validation", options.validation_share, 1.0,
                           "Share of the samples to hold out, 0.1 if not given; fashion-mnist has "
                           "its own");
}

void add_course(Command& command, TrainOptions& options) {
  command.group("How it is trained");
  command.integer("--epochs", options.epochs, 1, kMostTrainingSteps,
                  "Passes over the data; 10 if neither this nor --steps is given, 1000 steps of "
                  "--network");
  command.integer("--steps", options.steps, 1, kMostTrainingSteps, "Updates in all, instead");
  command.integer("--batch", options.batch, 1, kLargestTrainingBatch,
                  "Samples of a step; 32, or 100 of --network");
  command.word("--optimizer", {"sgd", "momentum", "adam", "adamw"}, "adam",
               "What makes updates of gradients", [&options](const std::string& word) {
                 options.optimizer = parse_optimizer(word).value();
               });
  command.number_from_zero("--momentum", options.momentum, 1.0, "Of momentum; 0.9 if not given");
  command.flag("--nesterov", options.nesterov, "Of momentum: Nesterov's");
  command.number_from_zero("--weight-decay", options.weight_decay,
                           std::numeric_limits<double>::infinity(), "Of adamw; 0.01 if not given");
  command.positive_number("--learning-rate", options.learning_rate,
                          "0.001 if not given; 0.01 of momentum, 0.1 of sgd");
  command.integer("--warm-up", options.warmup_steps, 0, kMostTrainingSteps,
                  "Steps in which the learning rate grows to its full height");
  command.word("--schedule", {"constant", "cosine"}, "constant",
               "The learning rate behind the warm-up", [&options](const std::string& word) {
                 options.schedule = parse_learning_rate_decay(word).value();
               });
  command.number_from_zero("--final-rate", options.final_rate,
                           std::numeric_limits<double>::infinity(),
                           "Where the cosine ends; 0 if not given");
  command.integer("--seed", options.seed, 0, kLargestTrainingSeed,
                  "Of weights, the order of samples and those held out");
}

void add_keeping(Command& command, TrainOptions& options) {
  command.group("What is kept");
  command.text(
      "--checkpoint", options.checkpoint, "FILE",
      "Keep what is needed to go on (safetensors): after each epoch, and at the end or Ctrl-C");
  command.integer("--checkpoint-every", options.checkpoint_every, 1, kMostTrainingSteps,
                  "Keep it every N steps instead of each epoch");
  command.text(
      "--resume", options.resume, "FILE",
      "Go on from a checkpoint, with the same options as before; the result has the same bits");
  command.text(
      "--history", options.history, "FILE",
      "Append every step's statistics as JSON lines, which gradvitals diagnose judges again");
  command.text("--incidents", options.incidents, "FOLDER",
               "Where something critical begins, keep the 32 steps up to it and a checkpoint from "
               "before it here; beside the history if not given");
  command.text(
      "--replay", options.replay, "INCIDENT",
      "Make the step of an incident again, from its folder alone, and show which sample or "
      "weight it was");
}

void add_treatment(Command& command, TrainOptions& options) {
  command.group("Treatment");
  command.parsed("--treat", "LIST", "",
                 "What may be done, of clip, skip and lr with commas in between: clip gradients by "
                 "their norm, skip steps that are not finite or spikes, cut the learning rate "
                 "where an explosion lasts. Nothing if not given",
                 [&options](const std::string& text) {
                   TreatmentOptions allowed = parse_treatments(text);
                   allowed.clip_norm = options.treatment.clip_norm;
                   options.treatment = allowed;
                 });
  command.positive_number("--clip-norm", options.treatment.clip_norm,
                          "Of --treat clip: the norm of all gradients to clip to; else it follows "
                          "those of recent steps");
}

TrainingSignals parse_signals(std::string_view text) {
  TrainingSignals signals;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    bool* const signal = word == "noise"    ? &signals.noise
                         : word == "cosine" ? &signals.cosine
                                            : nullptr;
    if (signal == nullptr) {
      throw std::invalid_argument(fmt::format("'{}' is not one of noise, cosine", word));
    }
    if (std::exchange(*signal, true)) {
      throw std::invalid_argument(fmt::format("'{}' is there twice", word));
    }
    begin = end + 1;
  }
  return signals;
}

void add_alerts(Command& command, TrainOptions& options) {
  command.group("Watching and alerts");
  command.integer("--every", options.checkup_every, 1, kMostTrainingSteps,
                  "Steps from one check-up of units and signals to the next; gradients, weights "
                  "and updates are watched in every step");
  command.parsed(
      "--signals", "noise,cosine", "",
      "Measure the gradient noise scale, which says what batch is worth its samples, at each "
      "check-up, and the cosine of successive gradients in each step",
      [&options](const std::string& text) { options.signals = parse_signals(text); });
  command.text("--thresholds", options.thresholds_file, "FILE",
               "Limits of the rules as JSON, in place of the default, under the names that "
               "docs/rules.md lists");
  command.parsed("--on-alert", "COMMAND", "",
                 "Run this at each alert, with its JSON as standard input: words as in a shell, "
                 "without one",
                 [&options](const std::string& text) {
                   options.alert_command = split_command(text);
                   if (!can_be_run(options.alert_command.front())) {
                     throw std::invalid_argument(fmt::format("'{}' is no program that can be run",
                                                             options.alert_command.front()));
                   }
                 });
  command.positive_number("--alert-limit", options.alert_limit_seconds,
                          "Seconds that the command may take; 10 if not given");
  add_gate(command, options.fail_on,
           "Exit 1 where anything was at least this severe, at the end or before");
}

void refuse_both(bool first, const char* first_name, bool second, const char* second_name,
                 const char* why) {
  if (first && second) {
    throw UsageError(fmt::format("{} and {} cannot go together: {}", first_name, second_name, why));
  }
}

void refuse_without(bool option, const char* option_name, bool needed, const char* needed_name) {
  if (option && !needed) throw UsageError(fmt::format("{} needs {}", option_name, needed_name));
}

void check_subject(const TrainOptions& options) {
  if (!options.model && !options.network && options.data.empty()) {
    throw UsageError(
        "there is nothing to train; for example:",
        {"gradvitals train --network relu --steps 1000", "gradvitals train --data digits",
         "gradvitals train --data TABLE.csv --target COLUMN --model 8-64-relu-1"});
  }
  refuse_both(options.model.has_value(), "--model", options.network.has_value(), "--network",
              "each is a model");
  refuse_without(options.model.has_value(), "--model", !options.data.empty(),
                 "--data: what it is to learn");
  refuse_without(!options.target.empty(), "--target", !options.data.empty(),
                 "--data: the table whose column it names");
  refuse_without(options.head.has_value(), "--head", options.network.has_value(),
                 "--network: the last word of --model is its head");
  refuse_without(options.validation_share.has_value(), "--validation", !options.data.empty(),
                 "--data: the notebook's samples are random, and nothing is held out");
}

void check_course(const TrainOptions& options) {
  refuse_both(options.epochs.has_value(), "--epochs", options.steps.has_value(), "--steps",
              "both say where to end");
  const bool has_momentum = options.optimizer == OptimizerKind::kMomentum;
  refuse_without(options.momentum.has_value(), "--momentum", has_momentum, "--optimizer momentum");
  refuse_without(options.nesterov, "--nesterov", has_momentum, "--optimizer momentum");
  refuse_without(options.weight_decay.has_value(), "--weight-decay",
                 options.optimizer == OptimizerKind::kAdamW, "--optimizer adamw");
  refuse_without(options.final_rate.has_value(), "--final-rate",
                 options.schedule == LearningRateDecay::kCosine, "--schedule cosine");
}

/// What an incident says itself, or what a replay does not write.
void check_replay(const TrainOptions& options) {
  for (const auto& [is_given, option_name] :
       {std::pair{options.model.has_value(), "--model"},
        std::pair{options.network.has_value(), "--network"},
        std::pair{!options.data.empty(), "--data"},
        std::pair{options.resume.has_value(), "--resume"},
        std::pair{options.checkpoint.has_value(), "--checkpoint"},
        std::pair{options.history.has_value(), "--history"},
        std::pair{options.incidents.has_value(), "--incidents"},
        std::pair{treats(options.treatment), "--treat"},
        std::pair{options.json.has_value(), "--json"}}) {
    refuse_both(true, "--replay", is_given, option_name,
                "the incident says what is trained and how, and one step is made of it");
  }
}

void check_files(const TrainOptions& options) {
  refuse_without(options.treatment.clip_norm.has_value(), "--clip-norm", options.treatment.clips,
                 "--treat clip");
  if (options.incidents && options.incidents->empty()) {
    throw UsageError("--incidents: the path is empty");
  }
  refuse_without(options.checkpoint_every.has_value(), "--checkpoint-every",
                 options.checkpoint.has_value(), "--checkpoint FILE");
  refuse_without(options.alert_limit_seconds.has_value(), "--alert-limit",
                 !options.alert_command.empty(), "--on-alert COMMAND");
  std::map<std::string, const char*> outputs;
  for (const auto& [option_name, path] :
       {std::pair{"--checkpoint", options.checkpoint}, std::pair{"--json", options.json}}) {
    if (!path) continue;
    if (path->empty()) throw UsageError(fmt::format("{}: the path is empty", option_name));
    const auto [other, is_new] = outputs.emplace(canonical_path(*path), option_name);
    if (!is_new) {
      throw UsageError(fmt::format("{} and {} both write '{}'", other->second, option_name, *path));
    }
    // A checkpoint may take the place of the one that was read.
    const bool may_replace = option_name == std::string_view("--checkpoint");
    for (const auto& [read_by, read] :
         {std::pair{"--data", options.data}, std::pair{"--target", options.target},
          std::pair{"--thresholds", options.thresholds_file},
          std::pair{"--resume", may_replace ? "" : options.resume.value_or("")}}) {
      if (read.empty() || canonical_path(read) != canonical_path(*path)) continue;
      throw UsageError(fmt::format("'{}' is read by {}, and {} would write over it", *path, read_by,
                                   option_name));
    }
  }
}

}  // namespace

Command TrainOptions::add_to(CommandLine& program) {
  Command command = program.add_command(
      "train", "Train a network under watch: what goes wrong, when, where and why");
  add_subject(command, *this);
  add_course(command, *this);
  add_keeping(command, *this);
  add_treatment(command, *this);
  add_alerts(command, *this);
  command.group("Output");
  command.text("--json", json, "FILE",
               "Write the report as JSON to FILE; '-' is standard output, and then nothing else is "
               "printed");
  add_style(command, color, ascii);
  command.group("Computing");
  computing.add_to(command);
  return command;
}

void TrainOptions::check() const {
  if (replay) return check_replay(*this);
  check_subject(*this);
  check_course(*this);
  check_files(*this);
}

std::string TrainOptions::incident_folder() const {
  namespace fs = std::filesystem;
  if (incidents) return *incidents;
  if (!history) return {};
  std::error_code ignored;
  const fs::path path = *history;
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) return {};
  return (path.parent_path() / path.stem()).native() + "-incidents";
}

}  // namespace gradvitals::app
