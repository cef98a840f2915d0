// `gradvitals compare`: the notebook's three networks, side by side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/exit_code.h"
#include "app/optimizer_options.h"
#include "app/options.h"
#include "kernels/ops/activation.h"

namespace gradvitals::app {

struct CompareOptions {
  std::int64_t seed = 42;  ///< The notebook's own.
  std::int64_t batch = 0;  ///< 0: 100 samples drawn from the seed, or all those of `data`.
  std::string data;        ///< A table of numbers; empty for samples drawn from the seed.
  std::string target;      ///< The column of `data`, or the second file, that is to be predicted.
  Activation head = Activation::kSigmoid;
  std::optional<std::int64_t> train_steps;  ///< Empty: the networks are not trained.
  OptimizerOptions optimizer;               ///< Of its own: sgd, and once more adam.
  JudgingOptions judging;
  ComputeOptions computing;

  /// Adds the command to the program; `this` must outlive the parsing.
  Command add_to(CommandLine& program);
  /// Throws UsageError for options that contradict each other.
  void check() const;
};

/// Builds the networks, takes one forward and one backward pass through each on the same data,
/// judges them, trains them on that data where this is asked for, and writes the requested outputs.
/// Throws UsageError for options that contradict each other, and InputError for data that cannot be
/// read.
ExitCode compare(const CompareOptions& options);

}  // namespace gradvitals::app
