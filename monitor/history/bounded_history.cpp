#include "monitor/history/bounded_history.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace gradvitals {
void SignalRange::add(double value) {
  if (!std::isfinite(value)) {
    ++nonfinite_count;
    return;
  }
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  last = value;
  ++count;
}

std::optional<double> SignalRange::peak() const {
  return count == 0 || nonfinite_count > 0 ? std::nullopt : std::optional(max);
}

void SignalRange::add(const SignalRange& later) {
  nonfinite_count += later.nonfinite_count;
  if (later.count == 0) return;
  min = count == 0 ? later.min : std::min(min, later.min);
  max = count == 0 ? later.max : std::max(max, later.max);
  last = later.last;
  count += later.count;
}

HistoryInterval interval_of(const HealthMetrics& metrics, const StepContext& context,
                            std::int64_t step) {
  HistoryInterval interval;
  interval.first_step = interval.last_step = step;
  interval.steps = 1;
  if (metrics.loss) interval.loss.add(*metrics.loss);
  if (!metrics.gradient_norms.empty()) interval.global_norm.add(global_norm(metrics));
  if (context.learning_rate) interval.learning_rate.add(*context.learning_rate);
  return interval;
}

void HistoryInterval::add(const HistoryInterval& later) {
  last_step = later.last_step;
  steps += later.steps;
  loss.add(later.loss);
  global_norm.add(later.global_norm);
  learning_rate.add(later.learning_rate);
}

BoundedHistory::BoundedHistory(const Options& options) : options_(options) {
  if (options.recent < 1 || options.intervals < 2 || options.intervals % 2 != 0 ||
      options.incidents < 2) {
    throw std::invalid_argument(
        "BoundedHistory: takes one recent step or more, an even number of intervals and two "
        "incidents or more");
  }
  intervals_.reserve(options.intervals);
  incidents_.reserve(options.incidents);
}

void BoundedHistory::add(HistoryStep step) {
  const HistoryInterval added =
      interval_of(step.metrics, step.context, step.metrics.step.value_or(steps_));
  ++steps_;
  if (recent_.size() == options_.recent) recent_.pop_front();
  recent_.push_back(std::move(step));
  if (!intervals_.empty() && intervals_.back().steps < interval_steps_) {
    intervals_.back().add(added);
    return;
  }
  if (intervals_.size() == options_.intervals) halve_intervals();
  // After halving all are full.
  intervals_.push_back(added);
}

void BoundedHistory::halve_intervals() {
  for (std::size_t i = 0; i < intervals_.size() / 2; ++i) {
    intervals_[i] = intervals_[2 * i];
    intervals_[i].add(intervals_[2 * i + 1]);
  }
  intervals_.resize(intervals_.size() / 2);
  interval_steps_ *= 2;
}

void BoundedHistory::add_incident(const HealthEvent& event) {
  if (incidents_.size() == options_.incidents) {
    const auto middle = static_cast<std::ptrdiff_t>(options_.incidents / 2);
    incidents_.erase(incidents_.begin() + middle);
    ++forgotten_incidents_;
  }
  Incident& incident = incidents_.emplace_back();
  incident.event = event;
  const std::size_t count = std::min(options_.incident_steps, recent_.size());
  incident.steps.assign(recent_.end() - static_cast<std::ptrdiff_t>(count), recent_.end());
}

}  // namespace gradvitals
