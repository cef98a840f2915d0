// From the steps that were judged to the report of their run.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals {

/// A step, as far as it is known.
struct SeenStep {
  std::optional<std::int64_t> step;
  std::optional<double> loss;
  const HealthMetrics* metrics = nullptr;  ///< Null where nothing is watched.
  std::span<const HealthEvent> events;
  bool is_checkup = false;  ///< The rules of one visit have judged it.
};

/// Adds what the next step tells: its loss, norm and events, of which the first thousand are kept.
void see_step(TrajectoryReport& seen, const SeenStep& step);

/// Adds what the tracker has found by these limits. Where nothing was judged, the verdict is kNoGradient,
/// which informs.
void add_judgement(TrajectoryReport& seen, const HealthTracker& tracker,
                   const Thresholds& thresholds);

}  // namespace gradvitals
