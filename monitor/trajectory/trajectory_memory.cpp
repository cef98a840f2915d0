#include "monitor/trajectory/trajectory_memory.h"

#include <algorithm>
#include <cmath>

#include "monitor/trajectory/norm_limit.h"

namespace gradvitals {
namespace {

/// Losses of a start: as many as say where it lay, before much was learnt.
constexpr std::size_t kFirstLosses = 16;
/// The very first of them, where it is learnt so fast that the others lie lower.
constexpr std::ptrdiff_t kVeryFirstLosses = 3;
/// With the one of the step itself three: two bad batches among them are no accident.
constexpr std::size_t kRecentLosses = 2;
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
  Deviation deviation{.median = window.median(), .scale = least_scale};
  const bool is_above = value > deviation.median;
  deviation.scale = std::max(least_scale, is_above ? window.upper_deviation() : window.deviation());
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

std::optional<Deviation> TrajectoryMemory::loss_deviation(std::optional<double> loss) const {
  const auto known = static_cast<std::int64_t>(losses_.count());
  const bool is_enough = known > 0 && known >= thresholds_.min_norm_window;
  if (!is_enough || !loss) return std::nullopt;
  const double least = kLossFloor * std::max(std::fabs(losses_.median()), std::fabs(*first_loss()));
  if (!(least > 0.0)) return std::nullopt;
  return deviation_of(*loss, losses_, least);
}

bool TrajectoryMemory::is_loss_outlier(std::optional<double> loss) const {
  const std::optional<Deviation> deviation = loss_deviation(loss);
  return deviation && deviation->score > thresholds_.loss_deviations;
}

std::optional<double> TrajectoryMemory::recent_loss(const StepSignals& step) const {
  if (!step.loss) return std::nullopt;
  std::vector<double> recent = recent_losses_;
  recent.push_back(*step.loss);
  return median_of_values(std::move(recent));
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

bool TrajectoryMemory::loss_has_risen(const StepSignals& step) const {
  constexpr double kClearly = 2.0;  // deviations
  const std::optional<double> recent = recent_loss(step), first = first_loss();
  if (!recent || !first) return false;
  const std::optional<Deviation> deviation = loss_deviation(recent);
  return (deviation && deviation->score > kClearly) ||
         *recent > *first - thresholds_.stall_improvement * std::fabs(*first);
}

bool TrajectoryMemory::has_converged(const StepSignals& step) const {
  const std::optional<double> first = first_loss();
  return first && step.loss && *first > 0.0 && *step.loss < thresholds_.converged_loss * *first;
}

bool TrajectoryMemory::loss_has_collapsed(const StepSignals& step) const {
  return step.loss && losses_.count() > 0 && losses_.median() > 0.0 &&
         *step.loss < thresholds_.converged_loss * losses_.median();
}

std::optional<double> TrajectoryMemory::usual_weight_norm(std::size_t parameter) const {
  return parameter < weight_norms_.size() ? weight_norms_[parameter] : std::nullopt;
}

bool TrajectoryMemory::rate_has_decayed(const StepContext& context) const {
  return context.learning_rate && !rate_jumped_down_ &&
         *context.learning_rate < kDecayedRate * highest_rate_;
}

void TrajectoryMemory::remember(const StepSignals& step, const StepContext& context) {
  remember_rate(context);
  last_step_was_skipped_ = context.is_skipped;
  std::erase_if(spikes_,
                [&](std::int64_t spike) { return spike + thresholds_.norm_window <= step.step; });
  if (!step.is_finite) return;
  remember_norm(step);
  remember_loss(step);
  remember_weights(step);
}

void TrajectoryMemory::remember_weights(const StepSignals& step) {
  constexpr double kShareOfThePast = 31.0 / 32.0;
  if (weight_norms_.size() != step.parameters.size()) {
    weight_norms_.assign(step.parameters.size(), std::nullopt);
  }
  for (std::size_t i = 0; i < step.parameters.size(); ++i) {
    const std::optional<double>& now = step.parameters[i].weight_norm;
    std::optional<double>& usual = weight_norms_[i];
    if (now) usual = usual ? *now + kShareOfThePast * (*usual - *now) : *now;
  }
}

void TrajectoryMemory::remember_norm(const StepSignals& step) {
  if (!step.has_gradients || !(step.global_norm > 0.0)) return;
  if (!std::isfinite(step.global_norm)) return;  // Finite norms can be too large together.
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
  if (recent_losses_.size() == kRecentLosses) recent_losses_.erase(recent_losses_.begin());
  recent_losses_.push_back(*step.loss);
  loss_drift_ = drift(loss_drift_, loss_deviation(step.loss));
  if (is_loss_outlier(step.loss)) {
    ++loss_outliers_;
    if (loss_outliers_ < thresholds_.norm_window) return;
    losses_.clear();
  }
  loss_outliers_ = 0;
  losses_.add(*step.loss);
  see_whether_loss_stands_still();
  remember_first_loss(*step.loss);
}

void TrajectoryMemory::see_whether_loss_stands_still() {
  // Noise about a single limit would end a finding and begin it again.
  constexpr double kHysteresis = 2.0;
  const std::optional<double> improvement = loss_improvement();
  const double limit = thresholds_.stall_improvement;
  loss_stands_still_ =
      improvement && *improvement < (loss_stands_still_ ? kHysteresis * limit : limit);
}

void TrajectoryMemory::remember_first_loss(double loss) {
  if (first_losses_.size() == kFirstLosses) return;
  // A loss that blows up in the first steps is no start.
  const double most = thresholds_.loss_growth.critical;
  if (!first_losses_.empty() && loss > most * std::fabs(first_losses_.front())) return;
  first_losses_.push_back(loss);
  set_first_loss();
}

void TrajectoryMemory::set_first_loss() {
  const auto behind = first_losses_.begin() + std::min(kVeryFirstLosses, std::ssize(first_losses_));
  first_loss_ =
      std::max(median_of_values({first_losses_.begin(), behind}), median_of_values(first_losses_));
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

StateJson TrajectoryMemory::save() const {
  StateJson weight_norms = StateJson::array();
  for (const std::optional<double>& norm : weight_norms_)
    weight_norms.push_back(saved_number(norm));
  return {{"norms", norms_.values()},
          {"losses", losses_.values()},
          {"first_losses", first_losses_},
          {"recent_losses", recent_losses_},
          {"spikes", spikes_},
          {"norm_outliers", norm_outliers_},
          {"loss_outliers", loss_outliers_},
          {"weight_norms", weight_norms},
          {"loss_stands_still", loss_stands_still_},
          {"norm_drift", norm_drift_},
          {"loss_drift", loss_drift_},
          {"highest_rate", saved_number(highest_rate_)},
          {"last_rate", saved_number(last_rate_)},
          {"rate_jumped_down", rate_jumped_down_},
          {"last_step_was_skipped", last_step_was_skipped_}};
}

void TrajectoryMemory::load(const SavedObject& saved) {
  for (const double norm : saved.finite_numbers("norms")) norms_.add(norm);
  for (const double loss : saved.finite_numbers("losses")) losses_.add(loss);
  first_losses_ = saved.finite_numbers("first_losses", kFirstLosses);
  if (first_losses_.empty() && losses_.count() > 0) {
    saved.refuse("first_losses", "is empty, and losses are not");
  }
  if (!first_losses_.empty()) set_first_loss();
  recent_losses_ = saved.finite_numbers("recent_losses", kRecentLosses);
  spikes_ = saved.whole_numbers("spikes");
  norm_outliers_ = saved.whole_number("norm_outliers", 0);
  loss_outliers_ = saved.whole_number("loss_outliers", 0);
  weight_norms_ = saved.optional_numbers("weight_norms");
  loss_stands_still_ = saved.flag("loss_stands_still");
  norm_drift_ = saved.finite_number("norm_drift");
  loss_drift_ = saved.finite_number("loss_drift");
  highest_rate_ = saved.optional_number("highest_rate").value_or(0.0);
  last_rate_ = saved.optional_number("last_rate");
  rate_jumped_down_ = saved.flag("rate_jumped_down");
  last_step_was_skipped_ = saved.flag("last_step_was_skipped");
}

}  // namespace gradvitals
