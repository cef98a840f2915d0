#include "app/trial_command.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "app/notebook_option.h"
#include "app/prescribe_setup.h"
#include "kernels/runtime/error.h"
#include "training/command_words.h"
#include "training/initial_values.h"
#include "training/network_plan.h"

namespace gradvitals::app {
namespace {

using Words = std::vector<std::string>;

void add_words(Words& words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
}

bool has_same_samples(const TrainingData& a, const TrainingData& b) {
  return a.training.x == b.training.x && a.training.y == b.training.y &&
         a.validation.x == b.validation.x && a.validation.y == b.validation.y;
}

/// Options of train that make the network; none where there are none.
std::optional<Words> network_words(const PrescribeOptions& options, const NetworkPlan& original,
                                   const NetworkPlan& network) {
  if (options.network && network == original) {
    Words words = {"--network", std::string(notebook_word(*options.network))};
    if (options.head) add_words(words, {"--head", std::string(name(*options.head))});
    return words;
  }
  if (!options.data) return std::nullopt;  // The notebook's samples are for its networks alone.
  const std::string spec = text(network);
  NetworkPlan made = plan_of(parse_model_spec(spec), {.seed = network.seed});
  if (made == network) return Words{"--model", spec};
  initialize_by_activations(made);
  if (made == network) return Words{"--model", spec, "--init", "he"};
  return std::nullopt;
}

Words optimizer_words(const OptimizerChoice& optimizer) {
  Words words = {"--optimizer", std::string(name(optimizer.kind))};
  if (optimizer.kind == OptimizerKind::kMomentum) {
    add_words(words, {"--momentum", fmt::format("{}", optimizer.momentum)});
    if (optimizer.nesterov) words.emplace_back("--nesterov");
  }
  if (optimizer.kind == OptimizerKind::kAdamW) {
    add_words(words, {"--weight-decay", fmt::format("{}", optimizer.weight_decay)});
  }
  return words;
}

Words course_words(const TrainingPlan& plan, const PrescribeOptions& options) {
  Words words = {"--loss",  std::string(name(plan.options.loss)),
                 "--steps", fmt::format("{}", options.steps),
                 "--batch", fmt::format("{}", plan.options.batch)};
  add_words(words, optimizer_words(plan.options.optimizer));
  const LearningRate& rate = plan.options.learning_rate;
  add_words(words, {"--learning-rate", fmt::format("{}", rate.base)});
  if (rate.warmup_steps > 0) add_words(words, {"--warm-up", fmt::format("{}", rate.warmup_steps)});
  if (std::isfinite(plan.controls.max_norm)) {
    add_words(words, {"--treat", "clip", "--clip-norm", fmt::format("{}", plan.controls.max_norm)});
  }
  add_words(words, {"--seed", fmt::format("{}", options.seed)});
  return words;
}

Words computing_words(const ComputeOptions& computing) {
  Words words;
  if (computing.device) add_words(words, {"--device", name(*computing.device)});
  if (computing.threads > 0) add_words(words, {"--threads", fmt::format("{}", computing.threads)});
  return words;
}

TargetForm form_of(const TrainingPlan& plan) {
  return target_form(plan.options.loss, parse_model_spec(text(plan.network)).head());
}

}  // namespace

std::string TrialCommands::command_of(const TrainingPlan& plan, const GradientSymptoms& symptoms) {
  // Weights and samples of a file are taken as they are, which train does not.
  if (options_.file || plan.data != original_.data) return {};
  // --treat skip skips spikes as well.
  if (plan.controls.skips_nonfinite && symptoms.has_nonfinite) return {};
  const std::optional<Words> network = network_words(options_, original_.network, plan.network);
  if (!network) return {};
  if (options_.data && form_of(plan) != form_of(original_) && !reads_same_data(form_of(plan))) {
    return {};
  }
  Words words = {"gradvitals", "train"};
  if (options_.data) add_words(words, {"--data", *options_.data});
  if (options_.target) add_words(words, {"--target", *options_.target});
  add_words(words, *network);
  add_words(words, course_words(plan, options_));
  add_words(words, computing_words(options_.computing));
  return command_text(words);
}

bool TrialCommands::reads_same_data(TargetForm form) {
  const auto [known, is_new] = is_same_.try_emplace(form, false);
  if (!is_new) return known->second;
  try {
    known->second = has_same_samples(*original_.data, read_table(options_, form));
  } catch (const InputError&) {
    // The targets do not have that form.
  }
  return known->second;
}

}  // namespace gradvitals::app
