// OptimizerOptions: the optimizer, of every command that trains.
#pragma once

#include <optional>
#include <string>

#include "app/command_line.h"
#include "training/optimizer_choice.h"

namespace gradvitals::app {

struct OptimizerOptions {
  std::optional<OptimizerKind> kind;    ///< Empty: what the command takes by itself.
  std::optional<double> momentum;       ///< Of momentum.
  bool nesterov = false;                ///< Of momentum.
  std::optional<double> weight_decay;   ///< Of adamw.
  std::optional<double> learning_rate;  ///< Empty for the default of the kind.

  /// Adds --optimizer, for which the help shows `default_word`, and its settings. `this` must
  /// outlive the parsing.
  void add_to(Command& command, const std::string& default_word = "adam");
  /// Throws UsageError for a setting that --optimizer does not have, naming both, and for a
  /// learning rate that is out of float32's reach; `default_kind` is what the command takes by
  /// itself.
  void check(OptimizerKind default_kind = OptimizerKind::kAdam) const;
  /// The name of one that was given; null where none was.
  const char* given() const;

  /// With these settings where they are given.
  OptimizerChoice choice(OptimizerKind kind_taken) const;
  double rate(OptimizerKind kind_taken) const {
    return learning_rate.value_or(default_learning_rate(kind_taken));
  }
};

}  // namespace gradvitals::app
