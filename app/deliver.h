// From judged networks to the requested outputs: text, JSON, figures and the exit code.
#pragma once

#include <span>
#include <string>

#include "app/exit_code.h"
#include "app/options.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trained_comparison.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals::app {

// All print their text (with `--json -`, the JSON instead), write the JSON file and draw the
// figures. An output that fails is named on stderr and does not keep the others from being written;
// the exit code is then kError. Else it is kNothingJudged where no network had anything to judge,
// and kGateTripped or kJudged by --fail-on.

/// One network: its diagnosis.
ExitCode deliver_diagnosis(const NetworkReport& network, const JudgingOptions& options);

/// The steps of one run, in order: the diagnoses worth printing, a row a step, and what they show
/// together. The gate of --fail-on is the run's.
ExitCode deliver_run(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                     const JudgingOptions& options);

/// Several networks: each diagnosis, then the table and the conclusions, and how they trained, where they
/// did. `preface` opens the text. The gate of --fail-on is that of the diagnoses and of the worst in any
/// training.
ExitCode deliver_comparison(std::span<const NetworkReport> networks, const JudgingOptions& options,
                            const std::string& preface = "",
                            std::span<const TrainedComparison> trainings = {});

}  // namespace gradvitals::app
