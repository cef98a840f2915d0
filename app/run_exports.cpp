#include "app/run_exports.h"

#include <exception>
#include <utility>

#include "app/output.h"
#include "app/report_files.h"
#include "monitor/report/export/csv.h"
#include "monitor/report/seen_run.h"

namespace gradvitals::app {
namespace {

constexpr std::chrono::seconds kBetweenStates{1};

}  // namespace

RunExports::RunExports(const ExportFiles& files, ExportedRun run)
    : files_(files), run_(std::move(run)) {
  if (!files.csv) return;
  csv_.emplace("--csv", *files.csv);
  csv_->append([](std::string& text) { text += statistics_csv_header(); });
}

void RunExports::add(const HealthMetrics& metrics, const StepContext& context,
                     const HealthTracker& tracker, Clock::time_point now) {
  if (csv_) {
    csv_->append(
        [&](std::string& text) { append_statistics_csv(text, run_.name, metrics, context); });
    if (const auto complaint = csv_->take_complaint()) messages_.push_back(*complaint);
  }
  if (!files_.openmetrics) return;
  gauges_.add(metrics, context);
  evidence_.add(metrics, context.is_checkup);
  if (!run_.is_live || now < next_state_) return;
  show_state(tracker);
  next_state_ = now + kBetweenStates;
}

void RunExports::show_state(const HealthTracker& tracker) {
  TrajectoryReport state;
  state.name = run_.name;
  state.last_step = tracker.last_step();
  state.evidence = evidence_;
  add_judgement(state, tracker, {});
  try {
    write_result(*files_.openmetrics, openmetrics_text(gauges_, state, run_.options));
  } catch (const std::exception& error) {
    if (!std::exchange(has_told_state_, true)) messages_.emplace_back(error.what());
  }
}

bool RunExports::write(const TrajectoryReport& report) {
  bool written = true;
  if (csv_) written &= write_or_tell([&] { csv_->write(); });
  if (files_.events_csv) {
    written &= write_or_tell([&] { write_result(*files_.events_csv, events_csv(report)); });
  }
  if (files_.openmetrics) {
    TrajectoryReport state = report;
    state.name = run_.name;
    written &= write_or_tell(
        [&] { write_result(*files_.openmetrics, openmetrics_text(gauges_, state, run_.options)); });
  }
  return written;
}

}  // namespace gradvitals::app
