#include "monitor/rules/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/rules/root_causes.h"
#include "monitor/rules/rule.h"

namespace gradvitals {
namespace {

/// Roots that decide, then what they explain; what only informs comes last.
int place_of(const Finding& finding) {
  if (!decides(finding)) return 2;
  return finding.consequence_of ? 1 : 0;
}

bool is_root(const Finding& finding) {
  return !finding.consequence_of.has_value();
}

/// Whether it is about single small gradients, such as one scalar's or LoRA's first ones, beside
/// others of that network that are critically large: those decide.
bool yields(const Finding& finding, std::span<const Finding> findings) {
  const bool is_small =
      finding.verdict == Verdict::kVanishing &&
      (finding.rule == RuleId::kVanishedGradients || finding.rule == RuleId::kZeroGradient);
  return is_small && std::ranges::any_of(findings, [&finding](const Finding& other) {
           return other.rule == RuleId::kLargeGradients && other.severity == Severity::kCritical &&
                  is_root(other) && other.network == finding.network;
         });
}

/// The worst root first. Of roots as bad, those of the step as a whole, then of the network with the
/// worst finding; within a network the order of the table holds.
void sort_by_precedence(std::vector<Finding>& findings) {
  std::map<std::string_view, Severity> worst;
  for (const Finding& finding : findings) {
    Severity& severity = worst.try_emplace(finding.network, finding.severity).first->second;
    severity = std::max(severity, finding.severity);
  }
  std::vector<std::tuple<int, int, int, bool, std::size_t>> order;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const std::string& network = findings[i].network;
    const int rank = network.empty() ? -4 : -static_cast<int>(worst.at(network));
    const int root_rank = place_of(findings[i]) == 0 ? -static_cast<int>(findings[i].severity) : 0;
    order.emplace_back(place_of(findings[i]), root_rank, rank, yields(findings[i], findings), i);
  }
  std::ranges::sort(order);
  std::vector<Finding> sorted;
  sorted.reserve(findings.size());
  for (const auto& key : order) sorted.push_back(std::move(findings[std::get<4>(key)]));
  findings = std::move(sorted);
}

/// Findings of a rule for one of several networks; texts name the network.
std::vector<Finding> check_network(const Rule& rule, const ExaminedNetwork& network,
                                   const Thresholds& thresholds) {
  std::vector<Finding> findings =
      rule.check({network.metrics, network.signs, thresholds, network.gradients});
  for (Finding& finding : findings) {
    finding.network = network.name;
    finding.text = fmt::format("In {}: {}", network.name, finding.text);
  }
  return findings;
}

bool has_gradients(const HealthMetrics& metrics) {
  return std::ranges::any_of(
      metrics.tensors, [](const TensorRecord& tensor) { return tensor.role == Role::kGradient; });
}

/// The worst network first.
std::vector<Finding> check_networks(const Rule& rule, std::span<const ExaminedNetwork> networks,
                                    const Thresholds& thresholds) {
  std::vector<Finding> findings;
  const bool any_can_be_judged = std::ranges::any_of(
      networks, [](const ExaminedNetwork& network) { return can_be_judged(network.metrics); });
  for (const ExaminedNetwork& network : networks) {
    std::vector<Finding> found = check_network(rule, network, thresholds);
    // A network that only ran forward beside trained ones has no gradients by design.
    if (any_can_be_judged && !has_gradients(network.metrics)) {
      std::erase_if(found, [](const Finding& f) { return f.verdict == Verdict::kNoGradient; });
    }
    std::ranges::move(found, std::back_inserter(findings));
  }
  std::ranges::stable_sort(findings, std::ranges::greater{}, &Finding::severity);
  return findings;
}

std::vector<Finding> find_all(const Evidence& all, std::span<const ExaminedNetwork> networks) {
  std::vector<Finding> findings;
  for (const Rule& rule : rule_table()) {
    const bool of_all = networks.empty() || rule.scope == Scope::kStep;
    for (Finding& finding :
         of_all ? rule.check(all) : check_networks(rule, networks, all.thresholds)) {
      finding.rule = rule.id;
      require_rule(finding);
      findings.push_back(std::move(finding));
    }
  }
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
    case Verdict::kStalled:
      return "stalled";
  }
  return "healthy";
}

std::string_view rule_title(RuleId rule) {
  const auto entry = std::ranges::find(rule_table(), rule, &Rule::id);
  return entry == rule_table().end() ? std::string_view() : entry->title;
}

bool supports_verdict(const Finding& finding, const Diagnosis& diagnosis) {
  return decides(finding) && finding.verdict == diagnosis.verdict;
}

Diagnosis diagnose(const HealthMetrics& metrics, const Thresholds& thresholds) {
  Diagnosis diagnosis;
  diagnosis.thresholds = thresholds;
  // Of several networks the gradients are read twice: whole, for the rules of the step as a whole,
  // and by network. Neither reading holds the other: a bias is idle beside the kernels that are read
  // with it, and layers of two networks can share a name.
  const std::vector<GradientNorm> gradients = gradient_norms_of(metrics, thresholds);
  const std::vector<ExaminedNetwork> networks = examine_networks(metrics, thresholds);
  diagnosis.vital_signs =
      networks.empty() ? vital_signs(metrics, gradients, thresholds) : worst_signs(networks);
  diagnosis.findings = find_all({metrics, diagnosis.vital_signs, thresholds, gradients}, networks);
  decide(diagnosis);
  return diagnosis;
}

void decide(Diagnosis& diagnosis) {
  std::vector<Finding>& findings = diagnosis.findings;
  diagnosis.severity = Severity::kOk;
  for (Finding& finding : findings) {
    finding.consequence_of.reset();
    diagnosis.severity = std::max(diagnosis.severity, finding.severity);
  }
  group_by_root_cause(findings);
  sort_by_precedence(findings);
  const bool is_decided = !findings.empty() && decides(findings.front());
  diagnosis.verdict = is_decided ? findings.front().verdict : Verdict::kHealthy;
}

}  // namespace gradvitals
