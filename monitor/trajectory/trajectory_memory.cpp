#include "monitor/trajectory/trajectory_memory.h"

#include <algorithm>
#include <cmath>

#include "monitor/trajectory/norm_limit.h"

namespace gradvitals {
namespace {

/// Losses of a start: as many as say where it lay, before much was learnt.
constexpr std::size_t kFirstLosses = 16;
/// Fewer losses tell no trend from noise.
constexpr std::size_t kMinLosses = 16;
/// A loss that has fallen far varies by a small part of where it began without harm.
constexpr double kLossFloor = 0.02;
/// What one step adds to a drift at most: a drift is slow, and a jump is R14's or R17's.
constexpr double kLargestScore = 6.0;
/// A schedule's steps are small; whoever divides the rate by more at once has made a mistake.
constexpr double kScheduleStep = 0.5;
constexpr double kDecayedRate = 1e-3;

double median_of_values(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

Deviation deviation_of(double value, const RobustWindow& window, double least_scale) {
  Deviation deviation{.median = window.median(),
                      .scale = std::max(window.deviation(), least_scale)};
  deviation.score = (value - deviation.median) / deviation.scale;
  return deviation;
}

std::size_t window_size(std::int64_t count) {
  return static_cast<std::size_t>(std::max<std::int64_t>(count, 1));
}

}  // namespace

TrajectoryMemory::TrajectoryMemory(const Thresholds& thresholds)
    : thresholds_(thresholds),
      norms_(window_size(thresholds.norm_window)),
      losses_(window_size(thresholds.norm_window)) {}

std::optional<Deviation> TrajectoryMemory::norm_deviation(const StepSignals& step) const {
  const auto known = static_cast<std::int64_t>(norms_.count());
  const bool is_enough = known > 0 && known >= thresholds_.min_norm_window;
  if (!is_enough || !step.is_finite || !(step.global_norm > 0.0)) return std::nullopt;
  return deviation_of(std::log10(step.global_norm), norms_, thresholds_.min_norm_deviation);
}

bool TrajectoryMemory::is_spike(const StepSignals& step) const {
  const std::optional<double> limit = spike_norm(norms_, thresholds_);
  return limit && step.is_finite && step.global_norm > *limit;
}

bool TrajectoryMemory::has_collapsed(const StepSignals& step) const {
  const std::optional<Deviation> norm = norm_deviation(step);
  return norm && norm->score < -thresholds_.spike_deviations &&
         step.global_norm < thresholds_.norm_collapse * std::pow(10.0, norm->median);
}

std::optional<Deviation> TrajectoryMemory::loss_deviation(const StepSignals& step) const {
  const auto known = static_cast<std::int64_t>(losses_.count());
  const bool is_enough = known > 0 && known >= thresholds_.min_norm_window;
  if (!is_enough || !step.loss) return std::nullopt;
  const double least = kLossFloor * std::max(std::fabs(losses_.median()), std::fabs(*first_loss()));
  if (!(least > 0.0)) return std::nullopt;
  return deviation_of(*step.loss, losses_, least);
}

bool TrajectoryMemory::is_loss_outlier(const StepSignals& step) const {
  const std::optional<Deviation> loss = loss_deviation(step);
  return loss && loss->score > thresholds_.loss_deviations;
}

std::optional<double> TrajectoryMemory::loss_improvement() const {
  if (losses_.count() < kMinLosses) return std::nullopt;
  const double before = losses_.earlier_median();
  const double change = before - losses_.later_median();
  return change == 0.0 ? 0.0 : change / std::fabs(before);
}

std::optional<double> TrajectoryMemory::loss_improvement_since_start() const {
  const auto needed = window_size(2 * thresholds_.min_norm_window);
  if (losses_.count() < std::min(needed, losses_.capacity())) return std::nullopt;
  const double before = *first_loss();
  const double change = before - losses_.later_median();
  return change == 0.0 ? 0.0 : change / std::fabs(before);
}

bool TrajectoryMemory::has_converged(const StepSignals& step) const {
  const std::optional<double> first = first_loss();
  return first && step.loss && *first > 0.0 && *step.loss < thresholds_.converged_loss * *first;
}

bool TrajectoryMemory::loss_has_collapsed(const StepSignals& step) const {
  return step.loss && losses_.count() > 0 && losses_.median() > 0.0 &&
         *step.loss < thresholds_.converged_loss * losses_.median();
}

bool TrajectoryMemory::rate_has_decayed(const StepContext& context) const {
  return context.learning_rate && !rate_jumped_down_ &&
         *context.learning_rate < kDecayedRate * highest_rate_;
}

void TrajectoryMemory::remember(const StepSignals& step, const StepContext& context) {
  remember_rate(context);
  std::erase_if(spikes_,
                [&](std::int64_t spike) { return spike + thresholds_.norm_window <= step.step; });
  if (!step.is_finite) return;
  remember_norm(step);
  remember_loss(step);
}

void TrajectoryMemory::remember_norm(const StepSignals& step) {
  if (!step.has_gradients || !(step.global_norm > 0.0)) return;
  const bool is_high = is_spike(step);
  if (is_high) spikes_.push_back(step.step);
  norm_drift_ = drift(norm_drift_, norm_deviation(step));
  if (is_high || has_collapsed(step)) {
    ++norm_outliers_;
    if (norm_outliers_ < thresholds_.norm_window) return;
    norms_.clear();  // It is the level now.
  }
  norm_outliers_ = 0;
  norms_.add(std::log10(step.global_norm));
}

void TrajectoryMemory::remember_loss(const StepSignals& step) {
  if (!step.loss) return;
  loss_drift_ = drift(loss_drift_, loss_deviation(step));
  if (is_loss_outlier(step)) {
    ++loss_outliers_;
    if (loss_outliers_ < thresholds_.norm_window) return;
    losses_.clear();
  }
  loss_outliers_ = 0;
  losses_.add(*step.loss);
  if (first_losses_.size() == kFirstLosses) return;
  first_losses_.push_back(*step.loss);
  first_loss_ = median_of_values(first_losses_);
}

void TrajectoryMemory::remember_rate(const StepContext& context) {
  if (!context.learning_rate) return;
  const double rate = *context.learning_rate;
  rate_jumped_down_ |= last_rate_ && rate < kScheduleStep * *last_rate_;
  if (last_rate_ && rate > *last_rate_) rate_jumped_down_ = false;
  last_rate_ = rate;
  highest_rate_ = std::max(highest_rate_, rate);
}

// Capped, so that it comes down again soon after its cause is gone.
double TrajectoryMemory::drift(double sum, const std::optional<Deviation>& deviation) const {
  if (!deviation) return 0.0;
  const double score = std::clamp(deviation->score, -kLargestScore, kLargestScore);
  return std::clamp(sum + score - thresholds_.drift_slack, 0.0, 1.5 * thresholds_.drift_limit);
}

}  // namespace gradvitals
