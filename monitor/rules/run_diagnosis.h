// RunDiagnosis: several judged steps of one training run, judged together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// One step of a run, judged by itself. The pointers must not be null.
struct RunStep {
  std::optional<std::int64_t> step;
  std::string label;  ///< What texts call it: the name of its file, or "step 7".
  const HealthMetrics* metrics = nullptr;
  const Diagnosis* diagnosis = nullptr;
};

/// What the steps together show.
struct RunFinding {
  Finding finding;
  std::optional<std::int64_t> step;  ///< Of the first step in which it holds, where known.
  std::string label;                 ///< Of that step.
  std::int64_t count = 0;            ///< Steps in which it holds.
};

/// `verdict` and `severity` as in Diagnosis: healthy means that no finding is a warning or worse.
struct RunDiagnosis {
  struct NamedStep {
    std::optional<std::int64_t> step;
    std::string label;
  };

  Verdict verdict = Verdict::kHealthy;
  Severity severity = Severity::kOk;
  /// The first step in which the deciding finding holds; empty where nothing decides.
  std::optional<NamedStep> first_bad_step;
  /// The first step that is a warning or worse, and the first that is critical, each judged by
  /// itself: what the rows of a table show, whether or not it lasts.
  std::optional<NamedStep> first_warning;
  std::optional<NamedStep> first_critical;
  std::int64_t steps = 0;
  std::vector<RunFinding> findings;  ///< The deciding one first, what only informs last.
};

/// The places of the steps in their order: by `step` where all have one, else by label as people
/// count (natural_less).
std::vector<std::size_t> run_order(std::span<const RunStep> steps);

/// Judges steps that are already in order. Pure. Steps together show what one alone leaves open: a
/// gradient that is zero once may move later, infinities that a loss scaler skips do no harm, and a
/// warning that the last steps no longer give has passed. Of a single step, the run has the findings
/// of its diagnosis. Throws std::logic_error for a finding without its rule.
RunDiagnosis diagnose_run(std::span<const RunStep> steps, const Thresholds& thresholds = {});

}  // namespace gradvitals
