// StepControls: what a treatment may set of a training step.
#pragma once

#include <limits>

namespace gradvitals {

/// The defaults are a plain training loop, which applies whatever comes.
struct StepControls {
  double learning_rate_factor = 1.0;  ///< Of what the schedule says.
  /// Gradients are scaled down to this norm of all of them together.
  double max_norm = std::numeric_limits<double>::infinity();
  double skip_above_norm = std::numeric_limits<double>::infinity();  ///< Skips the update.
  bool skips_nonfinite = false;  ///< Skips the update where a gradient has NaN or Inf.

  bool operator==(const StepControls&) const = default;
};

}  // namespace gradvitals
