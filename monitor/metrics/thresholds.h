// Every limit the rules use, in one table. What each is measured on: docs/rules.md, docs/verdicts.md.
#pragma once

#include <cstdint>

namespace gradvitals {

/// A limit with two levels.
struct Limits {
  double warning;
  double critical;
};

struct Thresholds {
  Limits backward_factor_low{3e-3, 3e-7};  ///< R2, below
  /// R2, below: warns already here where the layers also move unevenly (S below `uneven_spread`).
  double uneven_backward_factor = 0.06;
  double uneven_spread = 0.035;
  /// R2, below: and here where each layer hands on less than `steep_factor_per_layer`, unless its
  /// activations shrink as well (below `shrinking_forward_gain`): small weights, which a larger
  /// learning rate trains.
  double steep_backward_factor = 0.03;
  double steep_factor_per_layer = 0.28;
  double shrinking_forward_gain = 0.45;
  /// R2, above, where gradients are large beside the weights, too (`moving_gradient_to_weight`), or
  /// activations grow beyond R3's warning: training moves B up to some hundreds without harm.
  Limits backward_factor_high{12.0, 100.0};
  double moving_gradient_to_weight = 0.3;
  Limits forward_gain_low{0.2, 0.05};     ///< R3, below
  Limits forward_gain_high{5.0, 10.0};    ///< R3, above
  Limits gradient_spread{0.02, 0.002};    ///< R19, below, where B is not known
  double vanished_norm = 1e-6;            ///< R4, below: critical
  double vanished_rms = 1e-7;             ///< R4, the size-free twin
  double idle_bias_ratio = 1e-5;          ///< R4, below, of rms(kernel): informs
  double complete_failure_norm = 1e-5;    ///< R6, every gradient below: critical
  Limits gradient_to_weight{19.0, 50.0};  ///< R8, above, of kernels
  Limits large_rms{3.0, 30.0};            ///< R8, above, where no weight is known
  Limits large_norm{60.0, 200.0};         ///< R8, above, where norms alone are known
  double range_ratio = 1e4;               ///< R9, above: informs
  Limits dead_unit_fraction{0.75, 0.95};  ///< R10, above
  std::int64_t min_relu_batch = 32;       ///< R10: fewer samples tell nothing of a relu
  double saturation_fraction = 0.5;       ///< R11, above; a hidden layer warns, a head is critical
  double zero_fraction = 0.7;             ///< R13, at or above, mean over gradients: informs
  std::int64_t settled_step = 10;         ///< R13, from this step on: zero is not by design
  double subnormal_fraction = 0.9;        ///< R21, above, of what is not zero in a 16-bit kernel
  double twin_fraction = 0.5;             ///< R23, above: critical
  double zero_unit_fraction = 0.75;       ///< R24, above: warning
  double top_unit_share = 0.9;            ///< R24, above, of a gradient's squares: informs

  // Of several steps that are one run.
  double run_share = 0.5;  ///< At or above, of the finite steps: a warning of theirs counts.
  double skipped_step_fraction = 0.01;  ///< R1, above, and more than one: lone infinite steps warn
  std::int64_t min_norm_history = 3;  ///< R14: finite norms that a step is compared with, at least
  Limits norm_growth{100.0, 1e4};     ///< R14, above, of the median before
  double norm_collapse = 1e-3;        ///< R14, below, of the median before, to the end: warning
  double converged_loss = 0.1;        ///< R14: a loss below this part of the one before explains it

  // Of a network that is watched while it trains. Steps count from 0; a check is a step to the rules
  // that read every step, a check-up to those of one visit.
  std::int64_t warmup_steps = 10;     ///< R5, R12 and R16 are silent before this step.
  std::int64_t patience = 3;          ///< Checks in a row that raise a finding.
  std::int64_t clear_after = 5;       ///< Checks in a row without it that end it.
  std::int64_t norm_window = 128;     ///< R14, R15, R17: values that a step is compared with
  std::int64_t min_norm_window = 64;  ///< R14, R15, R17: silent with fewer
  double spike_deviations = 6.0;      ///< R14, above, from the median: a spike
  double spike_factor = 5.0;          ///< R14: and above this multiple of the median
  double min_norm_deviation = 0.05;   ///< R14, R15: decades that count as one deviation, at least
  Limits loss_growth{3.0, 10.0};      ///< R17, above, of the median before
  double loss_deviations = 6.0;       ///< R17: and so many deviations above it
  double drift_slack = 1.0;           ///< R15: deviations a step that are no drift
  double drift_limit = 40.0;          ///< R15, above, their sum: warning
  double stall_improvement = 0.01;    ///< R5, R12, R16: a loss that falls by less stands still
  double update_ratio_high = 0.1;     ///< R12, above, where the loss stands still: warning
  double update_ratio_low = 1e-5;     ///< R12, below, where the loss stands still: warning
  double unchanged_ratio = 1e-7;      ///< R18, below: warning
  double weak_norm = 1e-4;            ///< R5, below
  double weak_fraction = 0.5;         ///< R5, above, of the gradients: warning
  double initial_variance_factor = 10.0;  ///< R22, beyond, of what the activation asks for: informs
};

}  // namespace gradvitals
