// LiveRun: what a live view remembers of a run. It does not grow with the number of steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "monitor/history/run_series.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/report/live/live_screen.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals {

class LiveRun {
 public:
  /// A step, what was known beside its metrics, and what the tracker told of it.
  void add(const HealthMetrics& metrics, const StepContext& context, const HealthTracker& tracker,
           std::span<const HealthEvent> events);
  /// A line about the run for the screen: the last ones are shown.
  void add_message(std::string_view message);

  /// What the tracker, the series of the run and the steps so far say; name, activity, way out and what
  /// else is known of the run as a whole are left to the caller.
  LiveState state(const HealthTracker& tracker, const RunSeries& series,
                  const Thresholds& thresholds) const;

 private:
  bool is_judged_ = false;  ///< As of a TrajectoryReport.
  std::optional<std::int64_t> last_step_;
  std::optional<double> last_loss_;
  std::optional<double> last_norm_;
  std::optional<double> learning_rate_;
  std::deque<HealthEvent> events_;
  std::deque<std::string> messages_;
};

}  // namespace gradvitals
