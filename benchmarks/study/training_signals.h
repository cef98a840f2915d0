// What the rules of running training read, step by step: to see a run, and to choose limits by.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "benchmarks/study/watched_run.h"

namespace gradvitals::study {

/// Of kernels alone: biases begin at 0.
struct StepSignals {
  std::optional<double> loss{};
  double global_norm = 0.0;
  std::optional<double> smallest_update_ratio{};  ///< norm(update) / norm(kernel)
  std::optional<double> largest_update_ratio{};
  std::vector<double> weight_rms{};
};

StepSignals signals_of(const HealthMetrics& metrics);

/// One line, and one for each event behind it.
std::string trace_text(const HealthMetrics& metrics, const StepContext& context,
                       std::span<const HealthEvent> events);

/// The signals of the steps of a run, as arrays; numbers that are not finite are null.
class SignalRecorder {
 public:
  StepObserver observer();
  nlohmann::json row(const WatchedRun& run) const;

 private:
  std::vector<StepSignals> steps_;
};

}  // namespace gradvitals::study
