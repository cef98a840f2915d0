// RunExports: CSV and OpenMetrics of a run, which take something from each of its steps.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/export_files.h"
#include "app/spool.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/report/export/export_options.h"
#include "monitor/report/export/openmetrics.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals::app {

/// The run that files are of.
struct ExportedRun {
  std::string name;
  ExportOptions options;
  bool is_live = false;  ///< It goes on while it is watched.
};

class RunExports {
 public:
  using Clock = std::chrono::steady_clock;

  /// `files` must outlive it.
  RunExports(const ExportFiles& files, ExportedRun run);

  /// The next step, judged by the tracker.
  void add(const HealthMetrics& metrics, const StepContext& context, const HealthTracker& tracker,
           Clock::time_point now = Clock::now());

  /// What could not be written meanwhile, each once.
  std::vector<std::string> take_messages() { return std::exchange(messages_, {}); }

  /// At the end: every file. Whether all were written; what fails is told on stderr.
  bool write(const TrajectoryReport& report);

  const ExportOptions& options() const { return run_.options; }

 private:
  void show_state(const HealthTracker& tracker);

  const ExportFiles& files_;
  ExportedRun run_;
  std::optional<Spool> csv_;
  RunGauges gauges_;
  RuleEvidence evidence_;  ///< Of the steps that the gauges have.
  Clock::time_point next_state_{};
  bool has_told_state_ = false;
  std::vector<std::string> messages_;
};

}  // namespace gradvitals::app
