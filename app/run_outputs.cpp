#include "app/run_outputs.h"

#include <fmt/format.h>

#include <utility>

#include "app/html_files.h"
#include "app/output.h"
#include "app/terminal.h"
#include "kernels/runtime/utf8.h"
#include "monitor/report/figure/figure.h"
#include "monitor/report/html/html_report.h"

namespace gradvitals::app {
namespace {

void draw_run(const TrajectoryReport& report, const RunSeries& series, const std::string& path) {
  write_result(path, render_figure(report, series, figure_format(path).value(), path));
  note(fmt::format("figure written to {}", path));
}

}  // namespace

void RunOutputs::begin(TensorBoardOptions options, std::int64_t first_step, bool is_resumed) {
  if (!files_.tensorboard) return;
  board_.emplace(*files_.tensorboard, std::move(options), first_step, is_resumed);
}

void RunOutputs::add(const JudgedStep& step) {
  exports_.add(step.metrics, step.context, step.tracker);
  const bool is_shown = keeps_series_ || files_.html || !files_.plots.empty();
  if (is_shown) series_.add(step.metrics, step.context, step.tracker.vital_signs());
  if (!board_) return;
  board_->add({.step = step.tracker.last_step().value_or(0),
               .metrics = step.metrics,
               .context = step.context,
               .signs = step.tracker.vital_signs(),
               .events = step.events,
               .histograms = step.histograms});
}

void RunOutputs::end() {
  if (board_) board_->flush();
}

std::vector<std::string> RunOutputs::take_messages() {
  std::vector<std::string> messages = exports_.take_messages();
  if (!board_) return messages;
  if (auto complaint = board_->take_complaint()) messages.push_back(*std::move(complaint));
  return messages;
}

std::string RunOutputs::missing_text() const {
  return board_ ? board_->missing_text() : "";
}

bool RunOutputs::write(const TrajectoryReport& report, const std::function<std::string()>& text,
                       const std::function<std::string()>& json) {
  std::vector<JudgedSubject> subjects;
  if (files_.exports.needs_subjects()) subjects.push_back(judged_subject(report));
  bool written = missing_text().empty();
  for (const std::string& message : take_messages()) note(printable(message));
  if (!files_.takes_standard_output()) {
    written &= write_or_tell(
        [&] { write_result("-", files_.exports.shown(text(), subjects, exports_.options())); });
  }
  if (files_.json) written &= write_or_tell([&] { write_result(*files_.json, json()); });
  if (files_.html) {
    const HtmlRun run{.report = &report, .series = &series_, .settings = settings_};
    written &= write_or_tell([&] {
      write_result(*files_.html, runs_html({&run, 1}, html_options(files_, report, series_)));
    });
  }
  for (const std::string& path : files_.plots) {
    written &= write_or_tell([&] { draw_run(report, series_, path); });
  }
  written &= files_.exports.write_subjects(subjects, exports_.options());
  written &= exports_.write(report);
  return written;
}

}  // namespace gradvitals::app
