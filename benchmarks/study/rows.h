// Rows: the study's raw numbers, one JSON object a network and line.
#pragma once

#include <nlohmann/json.hpp>

#include "benchmarks/study/truth.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals::study {

/// What the monitor measured, layer by layer from the input side: lists have one number per layer,
/// null where there is none.
nlohmann::json statistics(const HealthMetrics& metrics);

/// The network, what it reached and all of its statistics.
nlohmann::json row(const Trial& trial, const Task& task, double best_score);

}  // namespace gradvitals::study
