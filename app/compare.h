// `gradvitals compare`: the seed's three networks, side by side.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

#include "app/exit_code.h"
#include "app/options.h"
#include "kernels/activation.h"

namespace gradvitals::app {

struct CompareOptions {
  std::int64_t seed = 42;  ///< The seed notebook's own.
  std::int64_t batch = 100;
  Activation head = Activation::kSigmoid;
  JudgingOptions judging;
  ComputeOptions computing;

  /// Adds the command to the program; `this` must outlive the parsing.
  CLI::App* add_to(CLI::App& program);
};

/// Builds the networks, takes one forward and one backward pass through each on the same data,
/// judges them and delivers what was asked for.
ExitCode compare(const CompareOptions& options);

}  // namespace gradvitals::app
