// `gradvitals report`: recorded runs, judged anew, as text and as files to look at.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"
#include "app/report_files.h"
#include "app/terminal.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::app {

struct ReportOptions {
  std::vector<std::string> histories;
  bool is_followed = false;  ///< Judged while it is written.
  ReportFiles files;
  std::string thresholds_file;  ///< JSON; empty for the default limits.
  Severity fail_on = Severity::kOk;
  ColorMode color = ColorMode::kAuto;
  bool ascii = false;

  /// Adds the command to the program; `this` must outlive the parsing.
  Command add_to(CommandLine& program);
};

/// Throws UsageError for options that contradict each other, and InputError for what cannot be read or is
/// no history.
ExitCode report(const ReportOptions& options);

}  // namespace gradvitals::app
