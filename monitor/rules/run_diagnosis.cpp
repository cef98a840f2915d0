#include "monitor/rules/run_diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "monitor/metrics/natural_order.h"
#include "monitor/metrics/phrases.h"
#include "monitor/rules/root_causes.h"
#include "monitor/rules/rule.h"
#include "monitor/rules/run_checks.h"
#include "monitor/rules/run_networks.h"

namespace gradvitals {
namespace {

bool is_gradient_overflow(const HealthMetrics& metrics) {
  if (metrics.loss && !std::isfinite(*metrics.loss)) return false;
  const bool tensors_fit = std::ranges::all_of(metrics.tensors, [](const TensorRecord& tensor) {
    const bool is_backward = tensor.role == Role::kGradient || tensor.role == Role::kDelta;
    return tensor.stats.nan_count == 0 && (is_backward || tensor.stats.inf_count == 0);
  });
  const auto is_nan = [](double norm) { return std::isnan(norm); };
  const bool has_infinity =
      std::ranges::any_of(metrics.gradient_norms, [](double norm) { return std::isinf(norm); });
  return tensors_fit && has_infinity && std::ranges::none_of(metrics.gradient_norms, is_nan);
}

StepKind kind_of(const RunStep& step) {
  if (!can_be_judged(*step.metrics)) return StepKind::kEmpty;
  const bool is_finite = std::ranges::none_of(step.diagnosis->findings, [](const Finding& finding) {
    return finding.verdict == Verdict::kNonFinite;
  });
  if (is_finite) return StepKind::kFinite;
  return is_gradient_overflow(*step.metrics) ? StepKind::kOverflow : StepKind::kBroken;
}

RunEvidence evidence_of(std::span<const RunStep> steps, const Thresholds& thresholds) {
  std::vector<StepKind> kinds;
  std::ranges::transform(steps, std::back_inserter(kinds), kind_of);
  return run_evidence(steps, std::move(kinds), thresholds);
}

/// Where a finding of the single steps holds: places among the finite steps, and how badly.
struct Occurrence {
  std::size_t position;  ///< in RunEvidence::finite
  const Finding* finding;
};

/// The findings of the run by rule, verdict and network: one rule can lead to several verdicts.
using Occurrences =
    std::map<std::tuple<RuleId, Verdict, std::string_view>, std::vector<Occurrence>>;

/// The warnings of single steps that no check of the run replaces.
Occurrences single_warnings(const RunEvidence& run) {
  Occurrences all;
  for (std::size_t position = 0; position < run.finite.size(); ++position) {
    for (const Finding& finding : run.steps[run.finite[position]].diagnosis->findings) {
      if (!decides(finding)) continue;
      if (finding.rule == RuleId::kZeroGradient && run.finite.size() > 1)
        continue;  // check_run_zeros() does it.
      std::vector<Occurrence>& found = all[{finding.rule, finding.verdict, finding.network}];
      // One a step, the worst.
      if (found.empty() || found.back().position != position) {
        found.push_back({position, &finding});
      } else if (finding.severity > found.back().finding->severity) {
        found.back().finding = &finding;
      }
    }
  }
  return all;
}

/// Whether what holds at these steps is still true of the run: it holds in the last two, or in half
/// of all and not only long ago.
bool lasts(const std::vector<Occurrence>& found, std::size_t finite_steps, double share) {
  if (found.empty()) return false;
  const auto since = [&](std::size_t steps) {
    return std::ranges::count_if(found, [&](const Occurrence& occurrence) {
      return occurrence.position + steps >= finite_steps;
    });
  };
  const std::size_t last_two = std::min<std::size_t>(2, finite_steps);
  if (since(last_two) == static_cast<std::int64_t>(last_two)) return true;
  const bool is_recent = since(std::max(last_two, finite_steps / 4)) > 0;
  return is_recent &&
         static_cast<double>(found.size()) >= share * static_cast<double>(finite_steps);
}

/// The finding of the first of these steps. Its text names the step, whose numbers it holds.
RunFinding first_of(const RunEvidence& run, const std::vector<Occurrence>& found) {
  Finding finding = *found.front().finding;
  const std::size_t place = run.finite[found.front().position];
  const std::int64_t count = std::ssize(found);
  const bool all_finite = run.finite.size() == run.steps.size();
  finding.text = fmt::format("At {}: {} In {} of {} {}{}", run.steps[place].label, finding.text,
                             count, run.finite.size(), all_finite ? "steps" : "finite steps",
                             count > 1 ? ", that one the first" : "");
  return finding_at(run, place, count, std::move(finding));
}

RunFinding finding_of(const RunEvidence& run, const std::vector<Occurrence>& found) {
  const double share = run.thresholds.run_share;
  for (const Severity severity : {Severity::kCritical, Severity::kWarning}) {
    std::vector<Occurrence> as_bad;
    std::ranges::copy_if(found, std::back_inserter(as_bad), [severity](const Occurrence& o) {
      return o.finding->severity >= severity;
    });
    if (!lasts(as_bad, run.finite.size(), share)) continue;
    RunFinding lasting = first_of(run, as_bad);
    lasting.finding.severity = severity;
    lasting.finding.text += '.';
    return lasting;
  }
  RunFinding passed = first_of(run, found);
  const bool is_last = found.back().position + 1 == run.finite.size();
  passed.finding.text += is_last ? ": too few to judge by." : ": it has passed.";
  passed.finding.severity = Severity::kInfo;
  passed.finding.consequence_of.reset();
  return passed;
}

std::vector<RunFinding> check_single_steps(const RunEvidence& run) {
  std::vector<RunFinding> findings;
  for (const auto& [what, found] : single_warnings(run)) {
    findings.push_back(finding_of(run, found));
  }
  return findings;
}

/// Steps in which there is nothing to judge: an error where there is nothing else.
std::vector<RunFinding> check_empty_steps(const RunEvidence& run) {
  const auto is_empty = [](StepKind kind) { return kind == StepKind::kEmpty; };
  const auto first = std::ranges::find_if(run.kinds, is_empty);
  if (first == run.kinds.end()) return {};
  const std::int64_t count = std::ranges::count_if(run.kinds, is_empty);
  const auto place = static_cast<std::size_t>(first - run.kinds.begin());
  const bool is_all = count == std::ssize(run.kinds);
  Finding finding;
  finding.rule = RuleId::kZeroGradient;
  finding.severity = is_all ? Severity::kCritical : Severity::kInfo;
  finding.verdict = Verdict::kNoGradient;
  finding.text = fmt::format("{} of {} hold no gradient to judge, first {}.", count,
                             steps_text(std::ssize(run.kinds)), run.steps[place].label);
  finding.advice = {"Check that the files hold gradients with at least one element"};
  return {finding_at(run, place, count, std::move(finding))};
}

/// The first step that is at least as bad by itself.
std::optional<RunDiagnosis::NamedStep> first_judged(std::span<const RunStep> steps,
                                                    Severity severity) {
  const auto first = std::ranges::find_if(
      steps, [severity](const RunStep& step) { return step.diagnosis->severity >= severity; });
  if (first == steps.end()) return std::nullopt;
  return RunDiagnosis::NamedStep{first->step, first->label};
}

/// As in a Diagnosis: roots that decide, what they explain, what only informs; of each the worst
/// first, and what is as bad in the order of precedence.
void sort_findings(std::vector<RunFinding>& findings) {
  for (RunFinding& effect : findings) {
    const bool has_root = std::ranges::any_of(findings, [&effect](const RunFinding& cause) {
      return decides(cause.finding) && is_named_cause(cause.finding, effect.finding);
    });
    if (!has_root) effect.finding.consequence_of.reset();
  }
  const auto key = [](const RunFinding& found) {
    const bool informs = !decides(found.finding);
    return std::tuple(informs, found.finding.consequence_of.has_value(),
                      -static_cast<int>(found.finding.severity), found.finding.rule);
  };
  std::ranges::stable_sort(findings, {}, key);
}

}  // namespace

RunFinding finding_at(const RunEvidence& run, std::size_t place, std::int64_t count,
                      Finding finding) {
  return {std::move(finding), run.steps[place].step, run.steps[place].label, count};
}

std::vector<std::size_t> run_order(std::span<const RunStep> steps) {
  std::vector<std::size_t> order(steps.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const bool all_known =
      std::ranges::all_of(steps, [](const RunStep& step) { return step.step.has_value(); });
  std::ranges::stable_sort(order, [&](std::size_t left, std::size_t right) {
    const RunStep& a = steps[left];
    const RunStep& b = steps[right];
    if (all_known && *a.step != *b.step) return *a.step < *b.step;
    return natural_less(a.label, b.label);
  });
  return order;
}

RunDiagnosis diagnose_run(std::span<const RunStep> steps, const Thresholds& thresholds) {
  const RunEvidence run = evidence_of(steps, thresholds);
  RunDiagnosis diagnosis;
  diagnosis.steps = std::ssize(steps);
  diagnosis.first_warning = first_judged(steps, Severity::kWarning);
  diagnosis.first_critical = first_judged(steps, Severity::kCritical);
  const auto add = [&diagnosis](std::vector<RunFinding> found) {
    std::ranges::move(found, std::back_inserter(diagnosis.findings));
  };
  add(check_run_non_finite(run));
  add(check_empty_steps(run));
  add(check_run_absences(run));
  const NetworkRuns networks(run);
  add(networks.check(check_run_zeros));
  add(check_single_steps(run));
  add(networks.check(check_run_growth));
  sort_findings(diagnosis.findings);
  for (const RunFinding& found : diagnosis.findings) {
    require_rule(found.finding);
    diagnosis.severity = std::max(diagnosis.severity, found.finding.severity);
  }
  if (!diagnosis.findings.empty() && decides(diagnosis.findings.front().finding)) {
    const RunFinding& deciding = diagnosis.findings.front();
    diagnosis.verdict = deciding.finding.verdict;
    diagnosis.first_bad_step = RunDiagnosis::NamedStep{deciding.step, deciding.label};
  }
  return diagnosis;
}

}  // namespace gradvitals
