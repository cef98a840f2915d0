// TrajectoryRule: one entry of the table of rules that need time, and what its check may look at.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/rules/diagnosis.h"
#include "monitor/rules/rule_id.h"
#include "monitor/trajectory/step_signals.h"
#include "monitor/trajectory/trajectory_memory.h"

namespace gradvitals {

/// A step, and what was remembered of those before it.
struct TrajectoryEvidence {
  const StepSignals& step;
  const HealthMetrics& metrics;
  const StepContext& context;
  const TrajectoryMemory& memory;
  const Thresholds& thresholds;
};

struct TrajectoryRule {
  RuleId id = RuleId::kNone;
  std::string_view title;   ///< What it looks for.
  std::string_view source;  ///< Where the rule and its limits come from.
  /// Pure. Gives what it found, without `rule`. Called for steps that are finite.
  std::vector<Finding> (*check)(const TrajectoryEvidence& evidence);
  bool is_immediate = false;  ///< One step raises it: patience would miss it.
};

/// In the order of rule ids.
std::span<const TrajectoryRule> trajectory_rules();

/// Null for a rule that needs no time.
const TrajectoryRule* trajectory_rule(RuleId rule);

// The checks.
std::vector<Finding> check_norm_spike(const TrajectoryEvidence& evidence);
std::vector<Finding> check_norm_collapse(const TrajectoryEvidence& evidence);
std::vector<Finding> check_loss_growth(const TrajectoryEvidence& evidence);
std::vector<Finding> check_drift(const TrajectoryEvidence& evidence);
std::vector<Finding> check_update_ratio(const TrajectoryEvidence& evidence);
std::vector<Finding> check_unchanged_weights(const TrajectoryEvidence& evidence);
std::vector<Finding> check_weak_gradients(const TrajectoryEvidence& evidence);
std::vector<Finding> check_loss_not_decreasing(const TrajectoryEvidence& evidence);
std::vector<Finding> check_initial_variance(const TrajectoryEvidence& evidence);

}  // namespace gradvitals
