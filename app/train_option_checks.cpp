// What TrainOptions refuses, and what follows from them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/output.h"
#include "app/train_options.h"
#include "training/known_data.h"

namespace gradvitals::app {
namespace {

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
  refuse_both(options.network.has_value(), "--network", options.has_he_values, "--init he",
              "the notebook's networks have their own initial values");
  refuse_without(options.validation_share.has_value(), "--validation", !options.data.empty(),
                 "--data: the notebook's samples are random, and nothing is held out");
  const KnownData* const known = find_known_data(options.data);
  if (options.validation_share && known != nullptr && !known->test_data.empty()) {
    throw UsageError(
        fmt::format("--validation cannot go with --data {}: it has a test set of its own, which is "
                    "held out",
                    known->name));
  }
}

void check_course(const TrainOptions& options) {
  refuse_both(options.epochs.has_value(), "--epochs", options.steps.has_value(), "--steps",
              "both say where to end");
  options.optimizer.check();
  refuse_without(options.final_rate.has_value(), "--final-rate",
                 options.schedule == LearningRateDecay::kCosine, "--schedule cosine");
}

/// Everything but the looks of the text is what the incident says itself, or what a replay does not
/// write.
void check_replay(const TrainOptions& options) {
  constexpr std::array<std::string_view, 3> kTaken = {"--replay", "--color", "--ascii"};
  for (const std::string& option_name : options.given) {
    if (std::ranges::find(kTaken, option_name) != kTaken.end()) continue;
    refuse_both(true, "--replay", true, option_name.c_str(),
                "the incident says what is trained and how, and one step is made of it");
  }
}

void check_keeping(const TrainOptions& options) {
  refuse_without(options.treatment.clip_norm.has_value(), "--clip-norm", options.treatment.clips,
                 "--treat clip");
  refuse_without(options.checkpoint_every.has_value(), "--checkpoint-every",
                 options.checkpoint.has_value(), "--checkpoint FILE");
  refuse_without(options.alert_limit_seconds.has_value(), "--alert-limit",
                 !options.alert_command.empty(), "--on-alert COMMAND");
}

constexpr std::string_view kCheckpointOption = "--checkpoint";
constexpr std::string_view kResumeOption = "--resume";

std::vector<NamedPath> outputs_of(const TrainOptions& options) {
  std::vector<NamedPath> outputs;
  for (const auto& [option_name, path] :
       {std::pair{kCheckpointOption, options.checkpoint},
        std::pair{std::string_view("--history"), options.history},
        std::pair{std::string_view("--incidents"), options.incidents}}) {
    if (path) outputs.push_back({option_name, *path});
  }
  std::ranges::move(options.files.outputs(), std::back_inserter(outputs));
  const std::string folder = options.incident_folder();
  if (!options.incidents && !folder.empty()) {
    outputs.push_back({"the incidents beside --history", folder});
  }
  return outputs;
}

std::vector<NamedPath> inputs_of(const TrainOptions& options) {
  std::vector<NamedPath> inputs;
  const auto add = [&inputs](std::string_view option_name, const std::string& path) {
    if (!path.empty()) inputs.push_back({option_name, path});
  };
  add("--data", options.data);
  add("--target", options.target);
  add("--thresholds", options.thresholds_file);
  return inputs;
}

/// No output may take the place of another, or of what is read.
void check_outputs_and_inputs(const TrainOptions& options) {
  const std::vector<NamedPath> inputs = inputs_of(options);
  options.files.check(inputs);
  const std::vector<NamedPath> outputs = outputs_of(options);
  check_paths(outputs, inputs);
  if (!options.resume) return;
  // A checkpoint may take the place of the one that was read.
  std::vector<NamedPath> others;
  std::ranges::copy_if(outputs, std::back_inserter(others), [](const NamedPath& output) {
    return output.named_by != kCheckpointOption;
  });
  check_paths(others, std::vector<NamedPath>{{kResumeOption, *options.resume}});
}

}  // namespace

void TrainOptions::check() const {
  if (replay) return check_replay(*this);
  check_subject(*this);
  check_course(*this);
  check_keeping(*this);
  check_outputs_and_inputs(*this);
}

void TrainOptions::check_outputs() const {
  if (checkpoint) check_output(kCheckpointOption, *checkpoint);
  // A history that is there is opened before the first step.
  std::error_code ignored;
  if (history && !std::filesystem::is_regular_file(*history, ignored)) {
    check_output("--history", *history);
  }
  const std::string folder = incident_folder();
  if (!folder.empty()) {
    check_output_folder(incidents ? "--incidents" : "the incidents beside --history", folder);
  }
  files.check_outputs(/*is_resumed=*/resume.has_value());
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
