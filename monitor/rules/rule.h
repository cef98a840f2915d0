// Rule: one entry of the rule table, and what its check may look at.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/rules/diagnosis.h"
#include "monitor/rules/rule_id.h"

namespace gradvitals {

/// Everything a check may look at, computed once for all of them.
struct Evidence {
  const HealthMetrics& metrics;
  const VitalSigns& vital_signs;
  const Thresholds& thresholds;
  const std::vector<GradientNorm>& gradients;  ///< gradient_norms_of()
};

/// What a rule judges where several networks were examined together.
enum class Scope : std::uint8_t { kStep, kNetwork };

struct Rule {
  RuleId id = RuleId::kNone;
  std::string_view title;   ///< what it looks for
  std::string_view source;  ///< where the rule and its limits come from
  /// Pure. Gives what it found, worst first, and leaves `rule` and `consequence_of` to diagnose().
  std::vector<Finding> (*check)(const Evidence& evidence);
  Scope scope = Scope::kNetwork;  ///< The step as a whole, or each network alone.
};

/// All rules in order of precedence: of the root causes that are worst, the first one's verdict counts.
std::span<const Rule> rule_table();

/// How far beyond its limits a value is. A value at a limit has not crossed it.
Severity severity_above(double value, Limits limits);
Severity severity_below(double value, Limits limits);

/// Whether a finding can decide the verdict: a warning or worse.
bool decides(const Finding& finding);

/// Throws std::logic_error, quoting the finding, where no check has set its rule.
void require_rule(const Finding& finding);

/// The limit that stands for a severity of warning or critical.
double limit_of(Limits limits, Severity severity);

}  // namespace gradvitals
