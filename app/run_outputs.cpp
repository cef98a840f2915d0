#include "app/run_outputs.h"

#include "app/html_files.h"
#include "app/output.h"
#include "monitor/report/html/html_report.h"

namespace gradvitals::app {

void RunOutputs::add(const JudgedStep& step) {
  const bool is_drawn = files_.html || !files_.plots.empty();
  if (is_drawn) series_.add(step.metrics, step.context, step.tracker.vital_signs());
}

bool RunOutputs::write(const TrajectoryReport& report, const std::function<std::string()>& text,
                       const std::function<std::string()>& json) {
  bool written = true;
  if (!files_.takes_standard_output()) {
    written &= write_or_tell([&] { write_result("-", text()); });
  }
  if (files_.json) written &= write_or_tell([&] { write_result(*files_.json, json()); });
  if (files_.html) {
    const HtmlRun run{.report = &report, .series = &series_, .settings = settings_};
    written &= write_or_tell([&] {
      write_result(*files_.html, runs_html({&run, 1}, html_options(files_)));
    });
  }
  return written;
}

}  // namespace gradvitals::app
