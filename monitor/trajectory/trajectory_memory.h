// TrajectoryMemory: what rules over time remember of the steps before. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "monitor/metrics/step_context.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/trajectory/robust_window.h"
#include "monitor/trajectory/saved_state.h"
#include "monitor/trajectory/step_signals.h"

namespace gradvitals {

/// How far a value lies from those of a window.
struct Deviation {
  double median = 0.0;
  double scale = 1.0;  ///< What counts as one deviation; above 0.
  double score = 0.0;  ///< (value - median) / scale
};

/// Steps with NaN or Inf are never remembered, and outliers not as what later steps are compared
/// with: a level that lasts stays one until `norm_window` steps have kept it.
class TrajectoryMemory {
 public:
  explicit TrajectoryMemory(const Thresholds& thresholds);

  /// To be called once a step, after its rules.
  void remember(const StepSignals& step, const StepContext& context);

  /// Of log10 of the norm of all gradients; empty where too few steps are known, or the norm is 0.
  std::optional<Deviation> norm_deviation(const StepSignals& step) const;
  bool is_spike(const StepSignals& step) const;
  bool has_collapsed(const StepSignals& step) const;

  /// Of a loss; empty where too few steps are known.
  std::optional<Deviation> loss_deviation(std::optional<double> loss) const;
  bool is_loss_outlier(std::optional<double> loss) const;

  /// The median of the losses of this step and the two before: what a single batch does not move.
  std::optional<double> recent_loss(const StepSignals& step) const;

  /// The median loss of the first steps, or of the very first where that is more; empty without a
  /// loss.
  std::optional<double> first_loss() const { return first_loss_; }
  /// How much of the loss went away within the window, from the median of its earlier half to that
  /// of its later half; negative where it grew. Empty where fewer than 16 losses are known.
  std::optional<double> loss_improvement() const;
  /// The same from the first losses to the last ones, as part of the first; empty where fewer than
  /// twice `min_norm_window` losses are known.
  std::optional<double> loss_improvement_since_start() const;
  /// The last losses lie clearly above those of the window, or no lower than the first ones.
  bool loss_has_risen(const StepSignals& step) const;
  /// The loss has fallen so far since the start that small gradients are no fault.
  bool has_converged(const StepSignals& step) const;
  /// It has fallen as far within the window: norms that collapse fall with it.
  bool loss_has_collapsed(const StepSignals& step) const;

  /// Sums of what lay above the median by more than the slack: CUSUM.
  double norm_drift() const { return norm_drift_; }
  double loss_drift() const { return loss_drift_; }

  /// The norm that the weights of a parameter, by its place in the step, had lately; empty where it is not
  /// known.
  std::optional<double> usual_weight_norm(std::size_t parameter) const;

  /// A schedule has taken the rate down, step by step, to next to nothing.
  bool rate_has_decayed(const StepContext& context) const;

  /// The step before changed nothing.
  bool last_step_was_skipped() const { return last_step_was_skipped_; }

  const RobustWindow& norms() const { return norms_; }
  std::int64_t spikes_in_window() const { return static_cast<std::int64_t>(spikes_.size()); }

  /// All of it. load() is for a memory that is still empty, and throws as SavedObject does; windows
  /// that are shorter than those saved keep the newest values.
  StateJson save() const;
  void load(const SavedObject& saved);

 private:
  void remember_norm(const StepSignals& step);
  void remember_loss(const StepSignals& step);
  void remember_rate(const StepContext& context);
  void remember_weights(const StepSignals& step);
  void set_first_loss();
  double drift(double sum, const std::optional<Deviation>& deviation) const;

  const Thresholds& thresholds_;
  RobustWindow norms_;  ///< log10
  RobustWindow losses_;
  std::vector<double> first_losses_;
  std::optional<double> first_loss_;  ///< As first_loss().
  std::vector<double> recent_losses_;
  std::vector<std::int64_t> spikes_;  ///< Steps of the spikes among the last ones.
  std::int64_t norm_outliers_ = 0;    ///< In a row, up to the last step.
  std::int64_t loss_outliers_ = 0;
  std::vector<std::optional<double>> weight_norms_;  ///< Moving averages, a parameter each.
  double norm_drift_ = 0.0;
  double loss_drift_ = 0.0;
  double highest_rate_ = 0.0;
  std::optional<double> last_rate_;
  bool rate_jumped_down_ = false;
  bool last_step_was_skipped_ = false;
};

}  // namespace gradvitals
