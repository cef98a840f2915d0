#include "app/history.h"

#include <fmt/format.h>

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/export_files.h"
#include "app/html_files.h"
#include "app/output.h"
#include "app/terminal.h"
#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/html/html_report.h"
#include "monitor/report/seen_run.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals::app {

SeenStep seen_step(const HistoryStep& step, std::span<const HealthEvent> events) {
  return {.step = step.metrics.step,
          .loss = step.metrics.loss,
          .metrics = &step.metrics,
          .events = events,
          .is_checkup = step.context.is_checkup};
}

TensorBoardOptions board_options(const HistoryNotes& notes) {
  return {.run = notes.run, .settings = {notes.settings.begin(), notes.settings.end()}};
}

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
  if (!recorded.empty()) notes.push_back(fmt::format("events recorded with it: {}", recorded));
  return notes;
}

namespace {

ExportedRun exported_run(const std::string& path, const HistoryJudging& judging) {
  return {.name = path, .options = export_options(judging.fail_on)};
}

/// Of the worst run; nothing is judged where one holds no step, or no gradient.
ExitCode exit_code_of(std::span<const TrajectoryReport> reports, const HistoryJudging& judging) {
  bool trips = false;
  for (const TrajectoryReport& report : reports) {
    if (!is_judged(report)) {
      note(fmt::format("{}: nothing to judge, it holds no {}", report.name,
                       report.steps == 0 ? "step" : "gradient"));
      return ExitCode::kNothingJudged;
    }
    if (judging.fail_on == Severity::kOk || report.worst_severity < judging.fail_on) continue;
    note(fmt::format("--fail-on {}: the worst episode {}is {}", name(judging.fail_on),
                     reports.size() > 1 ? fmt::format("of {} ", report.name) : "",
                     name(report.worst_severity)));
    trips = true;
  }
  return trips ? ExitCode::kGateTripped : ExitCode::kJudged;
}

/// `outputs` takes each of its steps.
TrajectoryReport judge_history(const InputFile& history, const Thresholds& thresholds,
                               RunOutputs& outputs) {
  HistoryReader reader(as_text(history.bytes()), history.path(), [&](std::string_view part) {
    history.let_go(std::as_bytes(std::span(part)));
  });
  HealthTracker tracker(thresholds);
  TrajectoryReport report;
  report.name = history.path();
  std::map<std::string, std::int64_t> events;
  bool has_begun = false;
  while (const auto record = reader.next()) {
    if (const auto* step = std::get_if<HistoryStep>(&*record)) {
      const HealthMetrics& metrics = step->metrics;
      const auto found = tracker.add(metrics, step->context);
      if (!std::exchange(has_begun, true)) {
        outputs.begin(board_options(reader.notes()), tracker.last_step().value_or(0));
      }
      see_step(report, seen_step(*step, found));
      outputs.add({metrics, step->context, found, tracker});
    } else {
      ++events[std::get<HistoryEvent>(*record).kind];
    }
  }
  add_judgement(report, tracker, thresholds);
  report.notes = reading_notes(reader.notes(), events);
  const auto& settings = reader.notes().settings;
  outputs.describe({settings.begin(), settings.end()});
  outputs.end();
  if (std::string missing = outputs.missing_text(); !missing.empty()) {
    report.notes.push_back(std::move(missing));
  }
  return report;
}

}  // namespace

ExitCode deliver_judged_history(const TrajectoryReport& report, RunOutputs& outputs,
                                const HistoryJudging& judging) {
  const TextStyle style = text_style(judging.color, judging.ascii);
  const bool written = outputs.write(
      report, [&] { return trajectory_text(report, style); },
      [&] { return trajectory_json(report); });
  if (!written) return ExitCode::kError;
  return exit_code_of({&report, 1}, judging);
}

ExitCode deliver_histories(std::span<const InputFile> histories, const ReportFiles& files,
                           const HistoryJudging& judging) {
  // Together they take as much room on the page as one.
  SeriesOptions room;
  room.values /= histories.size();
  std::deque<RunOutputs> outputs;  // Which cannot be moved.
  std::vector<TrajectoryReport> reports;
  for (const InputFile& history : histories) {
    RunOutputs& added = outputs.emplace_back(files, exported_run(history.path(), judging), room);
    reports.push_back(judge_history(history, judging.thresholds, added));
  }
  const TextStyle style = text_style(judging.color, judging.ascii);
  const ExportOptions exported = export_options(judging.fail_on);
  std::vector<JudgedSubject> subjects;
  if (files.exports.needs_subjects()) {
    for (const TrajectoryReport& report : reports) subjects.push_back(judged_subject(report));
  }
  bool written = write_or_tell([&] {
    std::string text;
    for (const TrajectoryReport& report : reports) {
      text += fmt::format("{0:=<60}\nRUN: {1}\n{0:=<60}\n{2}\n", "", printable(report.name),
                          trajectory_text(report, style));
    }
    write_result("-", files.exports.shown(std::move(text), subjects, exported));
  });
  if (files.html) {
    HtmlOptions page = html_options(files);
    page.no_figure_reason = "report --plot draws each of the runs by itself";
    std::vector<HtmlRun> runs;
    for (std::size_t i = 0; i < reports.size(); ++i) {
      runs.push_back({.report = &reports[i],
                      .series = &outputs[i].series(),
                      .settings = outputs[i].settings()});
    }
    written &= write_or_tell([&] { write_result(*files.html, runs_html(runs, page)); });
  }
  written &= files.exports.write_subjects(subjects, exported);
  return written ? exit_code_of(reports, judging) : ExitCode::kError;
}

ExitCode deliver_history(const InputFile& history, const ReportFiles& files,
                         const HistoryJudging& judging) {
  RunOutputs outputs(files, exported_run(history.path(), judging));
  const TrajectoryReport report = judge_history(history, judging.thresholds, outputs);
  return deliver_judged_history(report, outputs, judging);
}

}  // namespace gradvitals::app
