// RunOutputs: what the files of a run take from each of its steps, and the files at its end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "app/report_files.h"
#include "app/tensorboard_file.h"
#include "monitor/history/run_series.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/metrics/tensor_histogram.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals::app {

/// A step after it was judged.
struct JudgedStep {
  const HealthMetrics& metrics;
  const StepContext& context;
  std::span<const HealthEvent> events;
  const HealthTracker& tracker;
  std::span<const TensorHistogram> histograms{};  ///< Where they were made.
};

class RunOutputs {
 public:
  /// `files` must outlive it.
  explicit RunOutputs(const ReportFiles& files) : files_(files) {}

  /// Before the first step, and once: opens the events for TensorBoard where they are asked for.
  /// Throws as TensorBoardFile.
  void begin(TensorBoardOptions options, std::int64_t first_step, bool is_resumed = false);
  /// Takes what the files need of the next step.
  void add(const JudgedStep& step);

  /// Writes the text where standard output is not taken by a document, then every file. One that
  /// fails is told on stderr and does not keep the others from being written. Whether all were.
  bool write(const TrajectoryReport& report, const std::function<std::string()>& text,
             const std::function<std::string()>& json);

  /// After the last step: writes what waits.
  void end();

  /// Of what is written step by step: once, why the first was lost; and what is missing in all.
  std::optional<std::string> take_complaint();
  std::string missing_text() const;

  const RunSeries& series() const { return series_; }

 private:
  const ReportFiles& files_;
  RunSeries series_;  ///< Empty where no file draws it.
  std::optional<TensorBoardFile> board_;
};

}  // namespace gradvitals::app
