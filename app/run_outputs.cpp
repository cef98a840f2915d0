#include "app/run_outputs.h"

#include <fmt/format.h>

#include "app/html_files.h"
#include "app/output.h"
#include "app/terminal.h"
#include "monitor/report/figure/figure.h"
#include "monitor/report/html/html_report.h"

namespace gradvitals::app {
namespace {

void draw_run(const TrajectoryReport& report, const RunSeries& series, const std::string& path) {
  write_result(path, render_figure(report, series, figure_format(path).value(), path));
  note(fmt::format("figure written to {}", path));
}

}  // namespace

void RunOutputs::add(const JudgedStep& step) {
  exports_.add(step.metrics, step.context, step.tracker);
  const bool is_drawn = files_.html || !files_.plots.empty();
  if (is_drawn) series_.add(step.metrics, step.context, step.tracker.vital_signs());
}

bool RunOutputs::write(const TrajectoryReport& report, const std::function<std::string()>& text,
                       const std::function<std::string()>& json) {
  std::vector<JudgedSubject> subjects;
  if (files_.exports.needs_subjects()) subjects.push_back(judged_subject(report));
  bool written = true;
  if (!files_.takes_standard_output()) {
    written &= write_or_tell(
        [&] { write_result("-", files_.exports.shown(text(), subjects, exports_.options())); });
  }
  if (files_.json) written &= write_or_tell([&] { write_result(*files_.json, json()); });
  if (files_.html) {
    const HtmlRun run{.report = &report, .series = &series_, .settings = settings_};
    written &= write_or_tell([&] {
      write_result(*files_.html, runs_html({&run, 1}, html_options(files_)));
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
