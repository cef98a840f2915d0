// From judged networks to what the user asked for: text, JSON, figures and the exit code.
#pragma once

#include <span>
#include <string>

#include "app/exit_code.h"
#include "app/options.h"
#include "monitor/report/network_report.h"

namespace gradvitals::app {

/// Prints `text` (with `--json -`, `json` instead), writes the JSON file and draws the figures. An
/// output that fails is named on stderr and does not keep the others from being written; the exit
/// code is then kError. Else it is kNothingJudged where no network had anything to judge, and
/// kGateTripped or kJudged by --fail-on.
ExitCode deliver(std::span<const NetworkReport> networks, const std::string& text,
                 const std::string& json, const JudgingOptions& options);

}  // namespace gradvitals::app
