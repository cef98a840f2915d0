#include "monitor/report/seen_run.h"

#include <cstddef>

namespace gradvitals {
namespace {

/// The JSON of a run that is sick in every way stays below a megabyte.
constexpr std::size_t kMostEventsKept = 1000;

}  // namespace

void see_step(TrajectoryReport& seen, const SeenStep& step) {
  if (step.step) {
    if (!seen.first_step) seen.first_step = step.step;
    seen.last_step = step.step;
  }
  if (step.loss) {
    if (!seen.first_loss) seen.first_loss = step.loss;
    seen.last_loss = step.loss;
  }
  std::optional<double> norm;
  if (step.metrics != nullptr) {
    if (!step.metrics->gradient_norms.empty()) norm = global_norm(*step.metrics);
    seen.last_norm = norm;
    seen.evidence.add(*step.metrics, step.is_checkup);
  }
  if (step.step) add_to_curve(seen, *step.step, step.loss, norm);
  for (const HealthEvent& event : step.events) {
    if (seen.events.size() < kMostEventsKept) {
      seen.events.push_back(event);
    } else {
      ++seen.events_left_out;
    }
  }
}

void add_judgement(TrajectoryReport& seen, const HealthTracker& tracker,
                   const Thresholds& thresholds) {
  seen.steps = tracker.steps();
  seen.verdict = tracker.verdict();
  seen.severity = tracker.severity();
  seen.worst_severity = tracker.worst_severity();
  seen.episodes = tracker.episodes();
  seen.forgotten_episodes = tracker.forgotten_episodes();
  seen.vital_signs = tracker.vital_signs();
  seen.thresholds = thresholds;
  if (is_judged(seen)) return;
  seen.verdict = Verdict::kNoGradient;
  seen.severity = Severity::kInfo;
  seen.worst_severity = Severity::kInfo;
}

}  // namespace gradvitals
