// The networks that the steps of a run examined together, each as a run of its own. Internal.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/rules/run_checks.h"

namespace gradvitals {

/// One network over the steps that examined it.
struct NetworkRun {
  std::string name;  ///< Empty where the steps do not name it: they examined one network.
  std::vector<RunStep> steps;
  std::vector<StepKind> kinds;
};

class NetworkRuns {
 public:
  explicit NetworkRuns(const RunEvidence& run);

  /// What the check finds in each network alone, in words that name it. Where no step has several
  /// networks, what it finds in the run.
  std::vector<RunFinding> check(std::vector<RunFinding> (*check_run)(const RunEvidence& run)) const;

 private:
  void add(const std::string& name, const RunStep& step, StepKind kind);

  const RunEvidence& all_;
  std::deque<HealthMetrics> parts_;  ///< What `networks_` points to.
  std::vector<NetworkRun> networks_;
};

/// `kinds` are those of the steps.
RunEvidence run_evidence(std::span<const RunStep> steps, std::vector<StepKind> kinds,
                         const Thresholds& thresholds);

}  // namespace gradvitals
