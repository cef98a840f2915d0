// What the study of faults during training says: tables as Markdown, rows as JSON, a run as text.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "benchmarks/study/training_score.h"

namespace gradvitals::study {

/// `runs` with faults and healthy ones beside them; `healthy` are runs of kHealthySteps that are
/// only counted. Every number is computed from them; "-" where nothing was counted.
std::string training_report(std::span<const WatchedRun> runs, std::span<const WatchedRun> healthy);

/// "control" for a healthy run.
std::string_view fault_name(const RunPlan& plan);

/// Of one run: its plan and all of its episodes, each with its mark.
nlohmann::json training_row(const WatchedRun& run);

}  // namespace gradvitals::study
