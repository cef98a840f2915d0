#include "app/history.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <variant>

#include "app/terminal.h"
#include "monitor/history/history_reader.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/seen_run.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals::app {
namespace {

std::vector<std::string> reading_notes(const HistoryNotes& read,
                                       const std::map<std::string, std::int64_t>& events) {
  std::vector<std::string> notes;
  if (read.damaged_lines > 0) {
    notes.push_back(fmt::format("{} {} damaged and left out, first line {}: {}", read.damaged_lines,
                                plural(read.damaged_lines, "line is", "lines are"),
                                read.first_damaged_line, read.first_damage));
  }
  if (read.cut_lines > 0) {
    notes.push_back(fmt::format(
        "{} cut short, as where a run is ended while it writes, and left out",
        read.cut_lines == 1 ? "a line is" : fmt::format("{} lines are", read.cut_lines)));
  }
  if (read.resumptions > 0) {
    notes.push_back(fmt::format(
        "the run was resumed {} {}; {} {} taken once more, and the last record of each counts",
        read.resumptions, plural(read.resumptions, "time", "times"), read.superseded_rows,
        plural(read.superseded_rows, "step was", "steps were")));
  }
  std::string recorded;
  for (const auto& [kind, count] : events) {
    recorded += fmt::format("{}{} {}", recorded.empty() ? "" : ", ", count, kind);
  }
  if (!recorded.empty()) notes.push_back(fmt::format("recorded with it: {}", recorded));
  return notes;
}

TensorBoardOptions board_options(const HistoryNotes& notes) {
  return {.run = notes.run, .settings = {notes.settings.begin(), notes.settings.end()}};
}

}  // namespace

TrajectoryReport judge_history(std::string_view text, const std::string& path,
                               const Thresholds& thresholds, RunOutputs* outputs) {
  HistoryReader reader(text, path);
  HealthTracker tracker(thresholds);
  TrajectoryReport report;
  report.name = path;
  std::map<std::string, std::int64_t> events;
  bool has_begun = false;
  while (const auto record = reader.next()) {
    if (const auto* step = std::get_if<HistoryStep>(&*record)) {
      const HealthMetrics& metrics = step->metrics;
      const auto found = tracker.add(metrics, step->context);
      if (outputs != nullptr && !std::exchange(has_begun, true)) {
        outputs->begin(board_options(reader.notes()), tracker.last_step().value_or(0));
      }
      see_step(report,
               {.step = metrics.step, .loss = metrics.loss, .metrics = &metrics, .events = found});
      if (outputs != nullptr) outputs->add({metrics, step->context, found, tracker});
    } else {
      ++events[std::get<HistoryEvent>(*record).kind];
    }
  }
  add_judgement(report, tracker, thresholds);
  report.notes = reading_notes(reader.notes(), events);
  if (outputs != nullptr) {
    outputs->end();
    if (std::string missing = outputs->missing_text(); !missing.empty()) {
      report.notes.push_back(std::move(missing));
    }
  }
  return report;
}

ExitCode deliver_history(std::string_view text, const std::string& path, const ReportFiles& files,
                         const HistoryJudging& judging) {
  RunOutputs outputs(files);
  const TrajectoryReport report = judge_history(text, path, judging.thresholds, &outputs);
  const TextStyle style = text_style(judging.color, judging.ascii);
  const bool written = outputs.write(
      report, [&] { return trajectory_text(report, style); },
      [&] { return trajectory_json(report); });
  if (!written) return ExitCode::kError;
  if (report.steps == 0) {
    note(fmt::format("{}: nothing to judge, it holds no step", report.name));
    return ExitCode::kNothingJudged;
  }
  if (judging.fail_on == Severity::kOk || report.worst_severity < judging.fail_on) {
    return ExitCode::kJudged;
  }
  note(fmt::format("--fail-on {}: the worst episode is {}", name(judging.fail_on),
                   name(report.worst_severity)));
  return ExitCode::kGateTripped;
}

}  // namespace gradvitals::app
