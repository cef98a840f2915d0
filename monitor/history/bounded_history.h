// BoundedHistory: a run in memory that does not grow, for summaries and live views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "monitor/history/history_reader.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// One signal over some steps, of its finite values.
struct SignalRange {
  std::int64_t count = 0;
  double min = 0.0;
  double max = 0.0;
  double last = 0.0;
  std::int64_t nonfinite_count = 0;

  void add(double value);
  void add(const SignalRange& later);
  /// The largest; empty where none was known, or one was not finite.
  std::optional<double> peak() const;
};

/// Consecutive steps as one point of a curve.
struct HistoryInterval {
  std::int64_t first_step = 0;
  std::int64_t last_step = 0;
  std::int64_t steps = 0;
  SignalRange loss;
  SignalRange global_norm;
  SignalRange learning_rate;

  void add(const HistoryInterval& later);
};

/// Of one step, of this number.
HistoryInterval interval_of(const HealthMetrics& metrics, const StepContext& context,
                            std::int64_t step);

/// An event, and the steps that led to it.
struct Incident {
  HealthEvent event;
  std::vector<HistoryStep> steps;  ///< The last of them is the event's.
};

class BoundedHistory {
 public:
  struct Options {
    std::size_t recent = 64;      ///< Steps that are kept whole.
    std::size_t intervals = 512;  ///< At most; even. Where they are full, neighbours become one.
    std::size_t incidents = 16;   ///< The first half of them is kept, and the last half.
    std::size_t incident_steps = 8;
  };

  BoundedHistory() : BoundedHistory(Options{}) {}
  /// Throws std::invalid_argument for no recent step, or for fewer than two intervals or incidents.
  explicit BoundedHistory(const Options& options);

  void add(HistoryStep step);
  /// Keeps the last steps, those up to now, with the event.
  void add_incident(const HealthEvent& event);

  /// The last steps, whole, in their order.
  const std::deque<HistoryStep>& recent() const { return recent_; }
  /// The whole run, in its order: as many steps in each, but for the last.
  const std::vector<HistoryInterval>& intervals() const { return intervals_; }
  const std::vector<Incident>& incidents() const { return incidents_; }
  std::int64_t steps() const { return steps_; }
  /// That were neither among the first nor among the last.
  std::int64_t forgotten_incidents() const { return forgotten_incidents_; }

 private:
  void halve_intervals();

  Options options_;
  std::deque<HistoryStep> recent_;
  std::vector<HistoryInterval> intervals_;
  std::int64_t interval_steps_ = 1;
  std::vector<Incident> incidents_;
  std::int64_t forgotten_incidents_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace gradvitals
