// The state of a run as OpenMetrics text, for Prometheus and what reads its format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/report/export/export_options.h"
#include "monitor/report/trajectory_report.h"

namespace gradvitals {

/// Counters of a run, and its last step.
class RunGauges {
 public:
  /// The next step. Copies numbers and, after the first step, allocates nothing where tensors stay.
  void add(const HealthMetrics& metrics, const StepContext& context);

  const HealthMetrics& last() const { return last_; }
  const StepContext& context() const { return context_; }
  std::int64_t skipped_steps() const { return skipped_steps_; }
  std::int64_t nonfinite_values() const { return nonfinite_values_; }

 private:
  HealthMetrics last_;
  StepContext context_;
  std::int64_t skipped_steps_ = 0;
  std::int64_t nonfinite_values_ = 0;
};

/// Tensors that have a gauge of their own: each is a time series that Prometheus keeps.
inline constexpr std::size_t kMostTensorGauges = 256;
/// Open findings that have one.
inline constexpr std::size_t kMostFindingGauges = 100;

/// How the run is now: OpenMetrics text 1.0. Every sample has the label "run". Gauges: step, loss,
/// learning rate, norms of all gradients and of each, vital signs, severity (0 ok to 3 critical), the
/// verdict and each open finding; counters: steps, skipped steps, values that were not finite. What is
/// not known has no sample; NaN and infinities are written as such. Of more than kMostTensorGauges
/// gradients those that open findings name have a gauge, and of the others every n-th, the same from
/// step to step; gradvitals_tensors_unlisted counts the rest. No type but gauge and counter and no
/// times, which Prometheus' node exporter refuses in a file; help texts do not change from run to run.
std::string openmetrics_text(const RunGauges& gauges, const TrajectoryReport& run,
                             const ExportOptions& options);

}  // namespace gradvitals
