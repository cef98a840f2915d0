// RunOutputs: what the files of a run take from each of its steps, and the files at its end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/report_files.h"
#include "app/run_exports.h"
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
  RunOutputs(const ReportFiles& files, ExportedRun run, const SeriesOptions& series = {})
      : files_(files), exports_(files.exports, std::move(run)), series_(series) {}

  /// {"optimizer", "adam, ..."}: what the run was made with, for the files that say it.
  void describe(std::vector<std::pair<std::string, std::string>> settings) {
    settings_ = std::move(settings);
  }
  const std::vector<std::pair<std::string, std::string>>& settings() const { return settings_; }

  /// Before the first step: keeps the series where no file draws it, too.
  void keep_series() { keeps_series_ = true; }
  /// Before the first step, and once: opens the events for TensorBoard where they are asked for.
  /// Throws as TensorBoardFile.
  void begin(TensorBoardOptions options, std::int64_t first_step, bool is_resumed = false);
  /// Takes what the files need of the next step. What cannot be written of it is no error before
  /// write(), but a message.
  void add(const JudgedStep& step);
  /// After the last step: writes what waits.
  void end();

  /// Writes the text where standard output is not taken by a document, then every file. One that fails is
  /// told on stderr and does not keep the others from being written. Whether all were.
  bool write(const TrajectoryReport& report, const std::function<std::string()>& text,
             const std::function<std::string()>& json);

  /// What could not be written of the steps, each once.
  std::vector<std::string> take_messages();
  /// What is missing in all of the events for TensorBoard; empty where nothing is.
  std::string missing_text() const;

  const RunSeries& series() const { return series_; }

 private:
  const ReportFiles& files_;
  RunExports exports_;
  bool keeps_series_ = false;
  RunSeries series_;  ///< Empty where nothing shows it.
  std::vector<std::pair<std::string, std::string>> settings_;
  std::optional<TensorBoardFile> board_;
};

}  // namespace gradvitals::app
