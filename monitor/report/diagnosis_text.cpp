#include "monitor/report/diagnosis_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/finding_text.h"
#include "monitor/report/vital_signs_text.h"
#include "monitor/rules/notebook_interpreter.h"
#include "monitor/rules/root_causes.h"

namespace gradvitals {
namespace {

/// A deep network can hold hundreds of consequences; JSON lists them all.
constexpr std::size_t kMaxConsequencesShown = 8;

using FindingList = std::vector<const Finding*>;

/// A root cause and what it explains.
struct Cause {
  const Finding* root;
  FindingList consequences;
};

/// Every finding once: a consequence goes under the first cause with the rule it names, and stands
/// for itself where there is none.
std::vector<Cause> group_by_cause(const std::vector<Finding>& findings) {
  std::vector<Cause> causes;
  for (const Finding& finding : findings) {
    if (!finding.consequence_of) causes.push_back({&finding, {}});
  }
  for (const Finding& finding : findings) {
    if (!finding.consequence_of) continue;
    const auto cause = std::ranges::find_if(causes, [&finding](const Cause& candidate) {
      return candidate.root->rule == finding.consequence_of &&
             may_explain(*candidate.root, finding);
    });
    if (cause == causes.end()) {
      causes.push_back({&finding, {}});
    } else {
      cause->consequences.push_back(&finding);
    }
  }
  return causes;
}

std::string consequence_lines(const FindingList& consequences) {
  if (consequences.empty()) return "";
  std::string text = "   It explains:\n";
  const std::size_t shown = std::min(consequences.size(), kMaxConsequencesShown);
  for (std::size_t i = 0; i < shown; ++i) text += "      " + finding_headline(*consequences[i]);
  if (shown < consequences.size()) {
    text += fmt::format("      and {} more\n", consequences.size() - shown);
  }
  return text;
}

std::string cause_lines(const Cause& cause) {
  const std::string text =
      finding_headline(*cause.root) + finding_evidence(*cause.root) + finding_advice(*cause.root);
  return text + consequence_lines(cause.consequences);
}

bool has_gradients_alone(const HealthMetrics& metrics) {
  return std::ranges::all_of(metrics.tensors, [](const TensorRecord& tensor) {
    return tensor.role == Role::kGradient || tensor.role == Role::kLoss;
  });
}

/// The notebook's words are for a loss that is there and finite.
std::string loss_line(const HealthMetrics& metrics) {
  if (!metrics.loss) return "Loss: not in the input";
  if (std::isfinite(*metrics.loss)) return "Loss Computed Successfully: ✅";
  return fmt::format("🚨 CRITICAL: the loss is {}", std::isnan(*metrics.loss) ? "NaN" : "infinite");
}

/// The severity is that of the worst finding, which the deciding one may explain.
std::string verdict_line(const Diagnosis& diagnosis) {
  const std::vector<Finding>& findings = diagnosis.findings;
  const auto worst = std::ranges::max_element(findings, {}, &Finding::severity);
  return fmt::format("\n{}: verdict {}{}\n", marker(diagnosis.severity), name(diagnosis.verdict),
                     findings.empty() ? "" : severity_origin(findings.front(), *worst));
}

}  // namespace

std::string network_heading(const NetworkReport& network, TextStyle style) {
  return decorate(
      fmt::format("\n{0:=<60}\nANALYZING: {1}\n{0:=<60}\n", "", printable(network.name)), style);
}

std::string root_cause_text(const NetworkReport& network, TextStyle style) {
  const Diagnosis& diagnosis = network.diagnosis;
  std::string text = fmt::format("\n🩺 ROOT CAUSE:\n{:=<50}\n", "");
  if (diagnosis.findings.empty()) text += "✅ GOOD: No rule fired\n";
  for (const Cause& cause : group_by_cause(diagnosis.findings)) text += cause_lines(cause);
  if (diagnosis.verdict == Verdict::kHealthy && has_gradients_alone(network.metrics)) {
    text += "   Judged by gradients alone: what happens inside the layers is unknown\n";
  }
  text += "\n🫀 VITAL SIGNS:\n" + vital_signs_panel(diagnosis.vital_signs, diagnosis.thresholds,
                                                      global_norm(network.metrics), style);
  text += verdict_line(diagnosis);
  return decorate(text, style);
}

std::string diagnosis_text(const NetworkReport& network, RuleSet rules, TextStyle style) {
  if (rules == RuleSet::kNotebook)
    return decorate(interpret_gradient_health(network.metrics), style);
  return decorate(interpret_gradient_health(network.metrics, loss_line(network.metrics)), style) +
         root_cause_text(network, style);
}

}  // namespace gradvitals
