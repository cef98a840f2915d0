#include "monitor/rules/rule.h"

#include <fmt/format.h>

#include <stdexcept>

namespace gradvitals {

Severity severity_above(double value, Limits limits) {
  if (value > limits.critical) return Severity::kCritical;
  return value > limits.warning ? Severity::kWarning : Severity::kOk;
}

Severity severity_below(double value, Limits limits) {
  if (value < limits.critical) return Severity::kCritical;
  return value < limits.warning ? Severity::kWarning : Severity::kOk;
}

bool decides(const Finding& finding) {
  return finding.severity >= Severity::kWarning;
}

void require_rule(const Finding& finding) {
  if (finding.rule != RuleId::kNone) return;
  throw std::logic_error(
      fmt::format("no check has set the rule of this finding: {}", finding.text));
}

double limit_of(Limits limits, Severity severity) {
  return severity == Severity::kCritical ? limits.critical : limits.warning;
}

}  // namespace gradvitals
