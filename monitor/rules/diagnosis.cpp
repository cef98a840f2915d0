#include "monitor/rules/diagnosis.h"

#include <algorithm>

#include "monitor/metrics/gradient_readings.h"
#include "monitor/rules/folding.h"
#include "monitor/rules/rule.h"

namespace gradvitals {
namespace {

bool decides(const Finding& finding) {
  return finding.severity >= Severity::kWarning;
}

/// Roots that decide, then what they explain, each in the order of the table, which is that of
/// precedence; what only informs comes last.
int place_of(const Finding& finding) {
  if (!decides(finding)) return 2;
  return finding.consequence_of.empty() ? 0 : 1;
}

std::vector<Finding> find_all(const Evidence& evidence) {
  std::vector<Finding> findings;
  for (const Rule& rule : rule_table()) {
    for (Finding& finding : rule.check(evidence)) {
      finding.rule = rule.id;
      findings.push_back(std::move(finding));
    }
  }
  fold_consequences(findings);
  std::ranges::stable_sort(findings, {}, place_of);
  return findings;
}

}  // namespace

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kCritical:
      return "critical";
  }
  return "ok";
}

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHealthy:
      return "healthy";
    case Verdict::kVanishing:
      return "vanishing";
    case Verdict::kExploding:
      return "exploding";
    case Verdict::kSaturated:
      return "saturated";
    case Verdict::kDead:
      return "dead";
    case Verdict::kNonFinite:
      return "non_finite";
    case Verdict::kNoGradient:
      return "no_gradient";
    case Verdict::kUnstable:
      return "unstable";
    case Verdict::kSymmetric:
      return "symmetric";
  }
  return "healthy";
}

Diagnosis diagnose(const HealthMetrics& metrics, const Thresholds& thresholds) {
  Diagnosis diagnosis;
  diagnosis.thresholds = thresholds;
  diagnosis.vital_signs = vital_signs(metrics, thresholds);
  diagnosis.findings = find_all(
      {metrics, diagnosis.vital_signs, thresholds, gradient_readings(metrics, thresholds)});
  for (const Finding& finding : diagnosis.findings) {
    diagnosis.severity = std::max(diagnosis.severity, finding.severity);
  }
  const bool is_decided = !diagnosis.findings.empty() && decides(diagnosis.findings.front());
  if (is_decided) diagnosis.verdict = diagnosis.findings.front().verdict;
  return diagnosis;
}

}  // namespace gradvitals
