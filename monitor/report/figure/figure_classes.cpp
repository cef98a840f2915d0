#include "monitor/report/figure/figure_classes.h"

#include <algorithm>
#include <cmath>

#include "monitor/metrics/notebook_limits.h"

namespace gradvitals {
namespace {

std::size_t class_of(double norm) {
  if (norm < kNotebookVanishedNorm) return 0;
  if (norm < kNotebookWeakNorm) return 1;
  return norm > kNotebookLargeNorm ? 3 : kHealthyClass;
}

bool opposes(std::size_t norm_class, Verdict verdict) {
  if (verdict == Verdict::kExploding) return norm_class < kHealthyClass;
  return verdict == Verdict::kVanishing && norm_class == kNormClasses.size() - 1;
}

}  // namespace

std::string_view color_of(Severity severity) {
  switch (severity) {
    case Severity::kWarning:
      return "#b36b00";
    case Severity::kCritical:
      return kAlarmInk;
    default:
      return kNormClasses[2].color;
  }
}

bool is_about(std::string_view at_fault, std::string_view tensor) {
  if (!tensor.starts_with(at_fault)) return false;
  return tensor.size() == at_fault.size() || tensor[at_fault.size()] == '/' ||
         tensor[at_fault.size()] == '.';
}

std::vector<std::string> names_of_norms(const HealthMetrics& metrics) {
  std::vector<std::string> names(metrics.gradient_names.begin(), metrics.gradient_names.end());
  if (names.empty()) {
    for (const TensorRecord& tensor : metrics.tensors) {
      if (has_norm(tensor)) names.emplace_back(tensor.name);
    }
  }
  if (names.size() != metrics.gradient_norms.size()) return {};
  return names;
}

std::vector<std::size_t> classes_of(const NetworkReport& network, RuleSet rules) {
  const std::vector<std::string> names = names_of_norms(network.metrics);
  const std::vector<double>& norms = network.metrics.gradient_norms;
  const Verdict verdict = network.diagnosis.verdict;
  std::vector<std::size_t> classes;
  for (std::size_t i = 0; i < norms.size(); ++i) {
    const auto is_at_fault = [&](const Finding& finding) {
      if (!supports_verdict(finding, network.diagnosis)) return false;
      // With several networks, it is not known here which bars belong to it.
      if (finding.tensor.empty()) return finding.network.empty();
      return !names.empty() && is_about(finding.tensor, names[i]);
    };
    classes.push_back(class_of(norms[i]));
    const bool may_be_judged = classes.back() == kHealthyClass || opposes(classes.back(), verdict);
    if (rules == RuleSet::kFull && may_be_judged &&
        std::ranges::any_of(network.diagnosis.findings, is_at_fault)) {
      classes.back() = kJudgedClass;
    }
  }
  return classes;
}

std::vector<std::size_t> bars_at_fault(const NetworkReport& network, RuleSet rules) {
  const std::vector<std::string> names = names_of_norms(network.metrics);
  const std::vector<double>& norms = network.metrics.gradient_norms;
  std::vector<std::size_t> places;
  const auto add_where = [&](auto is_at_fault) {
    for (std::size_t i = 0; i < norms.size(); ++i) {
      if (is_at_fault(i) && std::ranges::count(places, i) == 0) places.push_back(i);
    }
  };
  bool zeros_decide = false;
  for (const Finding& finding : network.diagnosis.findings) {
    if (rules != RuleSet::kFull || !supports_verdict(finding, network.diagnosis)) continue;
    if (finding.rule == RuleId::kZeroGradient) zeros_decide = true;
    if (finding.tensor.empty() || names.empty()) continue;
    add_where([&](std::size_t i) { return is_about(finding.tensor, names[i]); });
  }
  add_where([&](std::size_t i) { return !std::isfinite(norms[i]); });
  if (zeros_decide) add_where([&](std::size_t i) { return norms[i] == 0.0; });
  return places;
}

}  // namespace gradvitals
