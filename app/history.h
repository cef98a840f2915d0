// A history: a recorded run, judged anew step by step.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "app/exit_code.h"
#include "app/report_files.h"
#include "app/run_outputs.h"
#include "app/terminal.h"
#include "framework/io/input_file.h"
#include "monitor/history/history_reader.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/report/seen_run.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::app {

/// How it is judged and shown.
struct HistoryJudging {
  Thresholds thresholds;
  Severity fail_on = Severity::kOk;
  ColorMode color = ColorMode::kAuto;
  bool ascii = false;
};

/// A step of a history, and what the tracker told of it; both must outlive what is returned.
SeenStep seen_step(const HistoryStep& step, std::span<const HealthEvent> events);

/// What TensorBoard is told of the run that a history is of.
TensorBoardOptions board_options(const HistoryNotes& notes);

/// What is to be said about the reading of a history: what was left out, and `events`, the number of each
/// kind of recorded ones.
std::vector<std::string> reading_notes(const HistoryNotes& read,
                                       const std::map<std::string, std::int64_t>& events);

/// Delivers what was found: the text of the run, or the JSON of `--json -`, and the files. The gate of
/// --fail-on is that of the worst episode.
ExitCode deliver_judged_history(const TrajectoryReport& report, RunOutputs& outputs,
                                const HistoryJudging& judging);

/// Judges the run and delivers it. Throws InputError naming the file of what is no history, or a newer
/// one. Holds none of a file that is mapped.
ExitCode deliver_history(const InputFile& history, const ReportFiles& files,
                         const HistoryJudging& judging);

/// Several runs side by side: the text of each, the page of --html, JUnit, Markdown and annotations. No other
/// file shows more than one, and none is written. The gate of --fail-on is that of the worst episode of any.
ExitCode deliver_histories(std::span<const InputFile> histories, const ReportFiles& files,
                           const HistoryJudging& judging);

}  // namespace gradvitals::app
