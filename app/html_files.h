// The HTML page of --html: what the program adds to what was judged.
#pragma once

#include <span>
#include <string>

#include "app/report_files.h"
#include "monitor/history/run_series.h"
#include "monitor/report/html/html_report.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals::app {

/// What stands on every page of this program.
HtmlOptions html_options(const ReportFiles& files, RuleSet rules = RuleSet::kFull);

/// The same for networks: with their figure where the page can draw none.
HtmlOptions html_options(const ReportFiles& files, RuleSet rules,
                         std::span<const NetworkReport> networks, const RunDiagnosis* run);

/// The same for a run.
HtmlOptions html_options(const ReportFiles& files, const TrajectoryReport& run,
                         const RunSeries& series);

/// The words of a command line as a shell would take them again.
std::string shell_line(std::span<const std::string> words);

}  // namespace gradvitals::app
