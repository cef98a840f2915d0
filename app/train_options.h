// Options of `gradvitals train`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/named_paths.h"
#include "app/optimizer_options.h"
#include "app/options.h"
#include "app/report_files.h"
#include "app/terminal.h"
#include "app/treat_option.h"
#include "framework/networks.h"
#include "kernels/ops/activation.h"
#include "monitor/rules/diagnosis.h"
#include "training/learning_rate.h"
#include "training/model_spec.h"
#include "training/trainer.h"

namespace gradvitals::app {

struct TrainOptions {
  // What is trained.
  std::optional<ModelSpec> model;
  std::optional<NotebookNetwork> network;
  std::optional<Activation> head;  ///< Of a notebook's network.
  bool has_he_values = false;      ///< Else Glorot's in all layers of --model.
  std::string data;                ///< Empty: the notebook's random samples.
  std::string target;
  std::optional<std::string> loss;
  std::optional<double> validation_share;

  // How.
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> batch;
  OptimizerOptions optimizer;  ///< Of its own: adam.
  std::int64_t warmup_steps = 0;
  LearningRateDecay schedule = LearningRateDecay::kConstant;
  std::optional<double> final_rate;  ///< Of a cosine.
  std::int64_t seed = 42;

  // What is kept.
  std::optional<std::string> checkpoint;
  std::optional<std::int64_t> checkpoint_every;  ///< Steps; else at each end of an epoch.
  std::optional<std::string> resume;
  std::optional<std::string> history;
  std::optional<std::string> incidents;  ///< A folder; else beside the history.
  std::optional<std::string> replay;     ///< An incident; then nothing else is trained.

  // What may be done about it.
  TreatmentOptions treatment;

  // What is watched and told.
  std::string thresholds_file;  ///< JSON; empty for the default limits.
  std::int64_t checkup_every = 10;
  TrainingSignals signals{};
  std::vector<std::string> alert_command;  ///< Words; empty for none.
  std::optional<double> alert_limit_seconds;
  ReportFiles files;
  Severity fail_on = Severity::kOk;
  bool is_live = false;  ///< A live view in place of the progress line, on a terminal.
  ColorMode color = ColorMode::kAuto;
  bool ascii = false;
  ComputeOptions computing;

  std::vector<std::string> words;  ///< Of the command line, without the program.
  std::vector<std::string> given;  ///< Names of the options on it: "--replay".

  /// Adds the command to the program; `this` must outlive the parsing.
  Command add_to(CommandLine& program);
  /// Throws UsageError for options that contradict each other, naming both, or that lack another.
  void check() const;
  /// Throws OutputError naming the option and the path that cannot be written; writes nothing.
  void check_outputs() const;
  /// Where incidents are kept: as asked for, or beside a history that is a regular file. Empty: nowhere.
  std::string incident_folder() const;
};

}  // namespace gradvitals::app
