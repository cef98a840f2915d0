#include "app/train_options.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "app/notebook_option.h"
#include "app/word_list.h"
#include "training/command_words.h"
#include "training/training_data.h"

namespace gradvitals::app {
namespace {

/// Years of training: beyond it a number is a slip of the hand.
constexpr std::int64_t kMostTrainingSteps = 1'000'000'000'000;

void add_subject(Command& command, TrainOptions& options) {
  command.group("What is trained");
  command.parsed("--model", "SPEC", "",
                 "Widths and what is applied in between: 784-128-relu-layernorm-10. Words are " +
                     activation_names() + ", layernorm, dropout0.1",
                 [&options](const std::string& text) { options.model = parse_model_spec(text); });
  add_notebook_network(
      command, options.network,
      "One of the notebook's networks instead, on the notebook's random samples or on --data");
  command.word("--head", {"sigmoid", "linear"}, "sigmoid",
               "Activation of the last layer of --network",
               [&options](const std::string& word) { options.head = parse_activation(word); });
  command.word(
      "--init", {"glorot", "he"}, "glorot",
      "Initial values of --model: Glorot's, or He's in layers of relu, leaky_relu and gelu "
      "and Glorot's in the others",
      [&options](const std::string& word) { options.has_he_values = word == "he"; });
  command.text("--data", options.data, "NAME|FILE",
               known_data_sets() +
                   ", or a table of your own: CSV or IDX, plain or .gz, or "
                   "safetensors or .npz with x and y. Without --model: one with two hidden layers");
  command.text(
      "--target", options.target, "NAME|INDEX|FILE",
      "What a table is to predict: the name or the index of a column (from 0; from the end "
      "where negative), or a second file");
  command.text("--loss", options.loss, "NAME",
               "mse, softmax_cross_entropy, binary_cross_entropy or "
               "binary_cross_entropy_from_logits; else what suits the data");
  command.number_from_zero("--validation", options.validation_share, 1.0,
                           "Share of the samples to hold out, 0.1 if not given; not with "
                           "fashion-mnist, which has a test set");
}

void add_course(Command& command, TrainOptions& options) {
  command.group("How it is trained");
  command.integer("--epochs", options.epochs, 1, kMostTrainingSteps,
                  "Passes over the data; 10 if neither this nor --steps is given, 1000 steps of "
                  "--network");
  command.integer("--steps", options.steps, 1, kMostTrainingSteps, "Updates in all, instead");
  command.integer("--batch", options.batch, 1, kLargestTrainingBatch,
                  "Samples of a step; 32, or 100 of --network");
  options.optimizer.add_to(command);
  command.integer("--warm-up", options.warmup_steps, 0, kMostTrainingSteps,
                  "Steps in which the learning rate grows to its full height");
  command.word("--schedule", {"constant", "cosine"}, "constant",
               "The learning rate behind the warm-up", [&options](const std::string& word) {
                 options.schedule = parse_learning_rate_decay(word).value();
               });
  command.number_from_zero("--final-rate", options.final_rate,
                           std::numeric_limits<double>::infinity(),
                           "Where the cosine ends; 0 if not given");
  command.integer("--seed", options.seed, 0, kLargestSeed,
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
      "Go on from a checkpoint, with the same options as before; the result has the same bits. "
      "Learning rate, schedule, steps and treatment may be others");
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
  const std::array flags = {NamedFlag{"noise", signals.noise}, NamedFlag{"cosine", signals.cosine}};
  set_flags(text, flags);
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
               "Limits of the rules as JSON, in place of the default; a name that is none is "
               "answered with all of them");
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
  files.add_to(command, ReportSubject::kRun);
  command.flag("--live", is_live,
               "While it trains, show verdict, vital signs, worst gradients and findings on the "
               "whole terminal, in place of the progress line; without a terminal, lines as ever");
  add_style(command, color, ascii);
  command.group("Computing");
  computing.add_to(command);
  return command;
}

}  // namespace gradvitals::app
