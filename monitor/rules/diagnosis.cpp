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

/// Forward gain stands in for backward gain where that is unknown. Beside a healthy backward gain
/// it only adds to what the other rules found.
bool backward_gain_is_healthy(const Evidence& evidence, const std::vector<Finding>& findings) {
  return evidence.vital_signs.oxygen.backward_gain &&
         std::ranges::find(findings, "R2", &Finding::rule) == findings.end();
}

/// In the order of the table, which is that of precedence; what only informs comes last.
std::vector<Finding> find_all(const Evidence& evidence) {
  std::vector<Finding> findings;
  for (const Rule& rule : rule_table()) {
    for (Finding& finding : rule.check(evidence)) {
      finding.rule = rule.id;
      findings.push_back(std::move(finding));
    }
  }
  if (backward_gain_is_healthy(evidence, findings)) {
    std::ranges::stable_partition(findings, [](const Finding& f) { return f.rule != "R3"; });
  }
  std::ranges::stable_partition(findings, decides);
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
  fold_consequences(diagnosis.findings);
  for (const Finding& finding : diagnosis.findings) {
    diagnosis.severity = std::max(diagnosis.severity, finding.severity);
  }
  const bool is_decided = !diagnosis.findings.empty() && decides(diagnosis.findings.front());
  if (is_decided) diagnosis.verdict = diagnosis.findings.front().verdict;
  return diagnosis;
}

}  // namespace gradvitals
