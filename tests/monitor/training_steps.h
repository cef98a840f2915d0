// Steps of a training run made by hand, for the rules that need time.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "monitor/trajectory/health_tracker.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {

/// A network of one or more kernels of one element, so that norms are what is written here. What
/// varies from step to step goes up and down by `ripple`, as batches do.
struct MadeStep {
  int kernels = 2;
  double gradient = 0.1;  ///< Of each kernel.
  double weight = 1.0;    ///< Of each kernel.
  double update = 1e-3;   ///< Of each kernel.
  std::optional<double> loss = 1.0;
  double odd_gradient = -1.0;  ///< Of the last kernel, where it is not negative.
  double odd_update = -1.0;

  HealthMetrics metrics(std::int64_t step) const {
    std::vector<TensorRecord> records;
    for (int i = 0; i < kernels; ++i) {
      const bool is_odd = i + 1 == kernels;
      const std::string name = "dense_" + std::to_string(i) + "/kernel";
      const auto add = [&](Role role, double value) {
        records.push_back(tensor(name, role, i, {value}));
        records.back().rank = 2;
      };
      add(Role::kGradient, is_odd && odd_gradient >= 0.0 ? odd_gradient : gradient);
      add(Role::kWeight, weight);
      const double moved = is_odd && odd_update >= 0.0 ? odd_update : update;
      add(Role::kUpdateSquares, moved * moved);
      records.back().rank = 0;
    }
    HealthMetrics made = metrics_of(std::move(records));
    made.step = step;
    made.loss = loss;
    return made;
  }
};

/// Alternates around `value`, by a part of it: a deviation that is known.
inline double rippled(double value, double part, std::int64_t step) {
  constexpr double kPattern[] = {-1.0, 1.0, -0.5, 0.5, 0.0};
  return value * (1.0 + part * kPattern[step % 5]);
}

/// A tracker and how far it has come.
class MadeRun {
 public:
  explicit MadeRun(const Thresholds& thresholds = {}) : tracker_(thresholds) {}

  std::vector<HealthEvent> add(const MadeStep& made, const StepContext& context = {}) {
    return keep(tracker_.add(made.metrics(step_++), context));
  }
  std::vector<HealthEvent> add(HealthMetrics metrics, const StepContext& context = {}) {
    metrics.step = step_++;
    return keep(tracker_.add(metrics, context));
  }

  /// Steps that learn: the loss falls by half in some 140 steps, gradients ripple by 5 %.
  void learn(int steps, MadeStep made = {}) {
    const MadeStep first = made;
    for (int i = 0; i < steps; ++i) {
      made.gradient = rippled(first.gradient, 0.05, step_);
      if (first.loss) {
        made.loss =
            rippled(*first.loss * std::exp(-0.005 * static_cast<double>(step_)), 0.02, step_);
      }
      add(made);
    }
  }
  /// Steps whose loss stands still.
  void rest(int steps, MadeStep made = {}) {
    const MadeStep first = made;
    for (int i = 0; i < steps; ++i) {
      made.gradient = rippled(first.gradient, 0.05, step_);
      if (first.loss) made.loss = rippled(*first.loss, 0.02, step_);
      add(made);
    }
  }

  HealthTracker& tracker() { return tracker_; }
  std::int64_t step() const { return step_; }
  const std::vector<HealthEvent>& events() const { return events_; }

  /// The episode of a rule and verdict; null where there is none.
  const Episode* episode(RuleId rule, std::optional<Verdict> verdict = {}) const {
    for (const Episode& episode : tracker_.episodes()) {
      if (episode.finding.rule != rule) continue;
      if (!verdict || episode.finding.verdict == *verdict) return &episode;
    }
    return nullptr;
  }

 private:
  std::vector<HealthEvent> keep(std::vector<HealthEvent> events) {
    events_.insert(events_.end(), events.begin(), events.end());
    return events;
  }

  HealthTracker tracker_;
  std::int64_t step_ = 0;
  std::vector<HealthEvent> events_;
};

}  // namespace gradvitals::test
