// Watched runs: a network trained under a HealthTracker, healthy or with a fault from a known step on.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "benchmarks/study/training_faults.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals::study {

inline constexpr std::int64_t kWatchedBatch = 64;
/// A fault has this many steps to be named in: its run ends with them.
inline constexpr int kStepsToName = 150;
inline constexpr int kControlSteps = 300;
inline constexpr int kHealthySteps = 200;

/// 120 to 180, by the seed.
int fault_step_of(std::uint64_t seed);

struct RunPlan {
  const WatchedNetwork* network = nullptr;
  const TrainingFault* fault = nullptr;  ///< Null: a healthy run.
  std::uint64_t seed = 0;
  int steps = 0;

  /// None in a healthy run.
  std::optional<int> fault_step() const;
};

/// Of kStepsToName steps from the fault on, or of kControlSteps.
RunPlan plan_of(const WatchedNetwork& network, const TrainingFault* fault, std::uint64_t seed);

/// An episode as it was at the end of the run, with the step that first called it a warning or worse.
struct Raised {
  Episode episode;
  std::optional<std::int64_t> step;
};

struct WatchedRun {
  RunPlan plan;
  double score = 0.0;  ///< On the held-out samples, in the end.
  std::vector<Raised> episodes;
};

/// What the events of a run and its last episodes come to.
std::vector<Raised> raised_episodes(std::span<const HealthEvent> events,
                                    std::span<const Episode> episodes);

using StepObserver = std::function<void(const HealthMetrics& metrics, const StepContext& context,
                                        std::span<const HealthEvent> events)>;

/// Trains by the plan. Every step is judged by its gradients, weights, updates and loss; steps 0 to 2
/// and every tenth are check-ups.
WatchedRun watch_run(Stream& stream, const RunPlan& plan, const std::vector<Task>& tasks,
                     const StepObserver& observer = {});

}  // namespace gradvitals::study
