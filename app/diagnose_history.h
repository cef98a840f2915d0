// `gradvitals diagnose` of a history: a recorded run, judged anew step by step.
#pragma once

#include <string_view>

#include "app/exit_code.h"
#include "app/options.h"
#include "monitor/report/trajectory_report.h"

namespace gradvitals::app {

/// Judges the run that `text` records with these limits; `path` is its name. Throws InputError naming
/// it for what is no history, or a newer one.
TrajectoryReport judge_history(std::string_view text, const std::string& path,
                               const Thresholds& thresholds);

/// Prints the report (with `--json -`, the JSON instead) and writes the JSON. The gate of --fail-on is
/// that of the worst episode.
ExitCode deliver_trajectory(const TrajectoryReport& report, const JudgingOptions& options);

/// Both. Throws UsageError for options that are not for histories.
ExitCode diagnose_history(std::string_view text, const std::string& path,
                          const JudgingOptions& options);

}  // namespace gradvitals::app
