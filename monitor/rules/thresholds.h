// Every limit the rules use, in one table. Sources: the rule table in docs/rules.md.
#pragma once

#include <cstdint>

namespace gradvitals {

/// A limit with two levels.
struct Limits {
  double warning;
  double critical;
};

struct Thresholds {
  Limits backward_gain_low{0.5, 0.3};   ///< R2, below
  Limits backward_gain_high{2.0, 5.0};  ///< R2, above
  Limits forward_gain_low{0.5, 0.1};    ///< R3, below
  Limits forward_gain_high{2.0, 10.0};  ///< R3, above
  double vanished_norm = 1e-6;          ///< R4, below: critical
  double vanished_rms = 1e-7;           ///< R4, the size-free twin
  double complete_failure_norm = 1e-5;  ///< R6, every gradient below: critical
  Limits large_norm{10.0, 100.0};       ///< R8, above
  Limits range_ratio{1e4, 1e5};         ///< R9, above
  Limits dead_unit_fraction{0.2, 0.5};  ///< R10, above
  std::int64_t min_relu_batch = 32;     ///< R10, R13: fewer samples tell nothing of a relu
  double saturation_fraction = 0.5;     ///< R11, above; a hidden layer warns, a head is critical
  double zero_fraction = 0.7;           ///< R13, at or above, mean over the gradients: warning
};

}  // namespace gradvitals
