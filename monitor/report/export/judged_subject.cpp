#include "monitor/report/export/judged_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "monitor/metrics/phrases.h"
#include "monitor/report/number_text.h"
#include "monitor/report/rule_evidence.h"
#include "monitor/rules/root_causes.h"

namespace gradvitals {
namespace {

constexpr auto kFirstRuleOfRuns = static_cast<int>(RuleId::kNormChange);

/// In the order of their precedence.
std::vector<RuleId> rules_in_order() {
  std::vector<RuleId> rules;
  for (int i = 0; i < static_cast<int>(RuleId::kNone); ++i) rules.push_back(static_cast<RuleId>(i));
  return rules;
}

bool needs_time(RuleId rule) {
  return static_cast<int>(rule) >= kFirstRuleOfRuns;
}

std::vector<JudgedRule> rules_of_a_visit(const RuleEvidence& evidence, const VitalSigns& signs,
                                         const Thresholds& thresholds) {
  std::vector<JudgedRule> rules;
  for (const RuleId rule : rules_in_order()) {
    if (needs_time(rule)) continue;
    rules.push_back({rule, evidence.missing(rule, signs, thresholds)});
  }
  return rules;
}

const Finding* worst_root(const JudgedSubject& subject) {
  const auto root = std::ranges::find_if(subject.findings, [](const JudgedFinding& found) {
    return !found.finding.consequence_of && found.finding.severity >= Severity::kWarning;
  });
  return root == subject.findings.end() ? nullptr : &root->finding;
}

/// Of a subject whose findings are in their order.
std::string verdict_sentence(const JudgedSubject& subject) {
  if (!subject.is_judged) {
    return fmt::format("{}: nothing could be judged, no gradient has an element.", subject.name);
  }
  if (subject.verdict == Verdict::kHealthy) {
    return fmt::format(
        "{} is healthy: {}.", subject.name,
        subject.findings.empty() ? "no rule found anything" : "what was found only informs");
  }
  const Finding* const root = worst_root(subject);
  return fmt::format("{} is {}{}", subject.name, name(subject.verdict),
                     root == nullptr ? std::string(".") : ": " + root->text);
}

std::string step_of(const RunFinding& found) {
  const std::string step =
      found.step ? fmt::format("step {}", *found.step) : std::string(found.label);
  return step == found.label ? step : fmt::format("{} ({})", step, found.label);
}

std::string span_of(const Episode& episode) {
  if (episode.is_open) return fmt::format("from step {} on", episode.first_step);
  if (episode.first_step == episode.last_step) return fmt::format("at step {}", episode.last_step);
  return fmt::format("from step {} to {}", episode.first_step, episode.last_step);
}

/// Worst first and, of those as bad, roots first.
void sort_findings(std::vector<JudgedFinding>& findings) {
  std::ranges::stable_sort(findings, std::ranges::greater(), [](const JudgedFinding& found) {
    return std::tuple(found.finding.severity, !found.finding.consequence_of);
  });
}

std::string run_name(std::span<const NetworkReport> networks) {
  if (networks.size() == 1) return networks.front().name;
  return fmt::format("{} to {}, {}", networks.front().name, networks.back().name,
                     steps_text(std::ssize(networks)));
}

/// For findings of rules that are not known to judge such a subject: none may be lost.
void add_rules_of_findings(JudgedSubject& subject) {
  for (const JudgedFinding& found : subject.findings) {
    const auto known = std::ranges::find(subject.rules, found.finding.rule, &JudgedRule::rule);
    if (known == subject.rules.end()) subject.rules.push_back({found.finding.rule, {}});
  }
}

/// A rule had something to judge where it had it in one step.
std::vector<JudgedRule> rules_of_steps(std::span<const NetworkReport> networks) {
  std::vector<JudgedRule> rules;
  RuleEvidence all;
  for (const NetworkReport& network : networks) {
    RuleEvidence evidence;
    evidence.add(network.metrics, true);
    all.add(network.metrics, true);
    std::vector<JudgedRule> of_step =
        rules_of_a_visit(evidence, network.diagnosis.vital_signs, network.diagnosis.thresholds);
    if (rules.empty()) rules = of_step;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (of_step[i].missing.empty()) rules[i].missing.clear();
    }
  }
  const std::int64_t needed = networks.front().diagnosis.thresholds.min_norm_history + 1;
  JudgedRule& change = rules.emplace_back(JudgedRule{RuleId::kNormChange, {}});
  if (all.finite_steps() < needed) {
    change.missing =
        fmt::format("{} finite steps are known, {} are needed", all.finite_steps(), needed);
  }
  return rules;
}

/// The place of what explains it, in its network or in all of them; its own where nothing that is there
/// does.
std::size_t cause_of(const std::vector<JudgedFinding>& findings, std::size_t place) {
  const Finding& finding = findings[place].finding;
  if (!finding.consequence_of) return place;
  const auto cause = std::ranges::find_if(
      findings, [&](const JudgedFinding& other) { return is_named_cause(other.finding, finding); });
  return cause == findings.end() ? place : static_cast<std::size_t>(cause - findings.begin());
}

/// Of each finding the place of its root cause, which is its own for a root.
std::vector<std::size_t> roots_of(const std::vector<JudgedFinding>& findings) {
  std::vector<std::size_t> roots;
  for (std::size_t i = 0; i < findings.size(); ++i) roots.push_back(cause_of(findings, i));
  for (std::size_t i = 0; i < findings.size(); ++i) {
    std::size_t hops = 0;
    while (roots[roots[i]] != roots[i] && ++hops < findings.size()) roots[i] = roots[roots[i]];
    if (roots[roots[i]] != roots[i]) roots[i] = i;
  }
  return roots;
}

}  // namespace

JudgedSubject judged_subject(const NetworkReport& network) {
  JudgedSubject subject;
  subject.name = network.name;
  subject.device = network.device;
  subject.verdict = network.diagnosis.verdict;
  subject.severity = network.diagnosis.severity;
  subject.is_judged = can_be_judged(network.metrics);
  for (const Finding& finding : network.diagnosis.findings)
    subject.findings.push_back({finding, {}});
  RuleEvidence evidence;
  evidence.add(network.metrics, true);
  subject.rules =
      rules_of_a_visit(evidence, network.diagnosis.vital_signs, network.diagnosis.thresholds);
  subject.vital_signs = network.diagnosis.vital_signs;
  if (!network.metrics.gradient_norms.empty()) subject.global_norm = global_norm(network.metrics);
  subject.thresholds = network.diagnosis.thresholds;
  subject.notes = network.notes;
  add_rules_of_findings(subject);
  subject.sentence = verdict_sentence(subject);
  return subject;
}

JudgedSubject judged_subject(std::span<const NetworkReport> networks, const RunDiagnosis& run) {
  JudgedSubject subject = judged_subject(networks.back());
  subject.name = run_name(networks);
  subject.verdict = run.verdict;
  subject.severity = run.severity;
  subject.is_judged = std::ranges::any_of(
      networks, [](const NetworkReport& step) { return can_be_judged(step.metrics); });
  subject.findings.clear();
  for (const RunFinding& found : run.findings) {
    subject.findings.push_back(
        {found.finding, fmt::format("first at {}, holds in {} of {}", step_of(found), found.count,
                                    steps_text(run.steps))});
  }
  subject.rules = rules_of_steps(networks);
  subject.notes.clear();
  for (const NetworkReport& network : networks) {
    for (const std::string& note : network.notes) {
      if (std::ranges::find(subject.notes, note) == subject.notes.end()) {
        subject.notes.push_back(note);
      }
    }
  }
  add_rules_of_findings(subject);
  subject.sentence = verdict_sentence(subject);
  return subject;
}

JudgedSubject judged_subject(const TrajectoryReport& run) {
  JudgedSubject subject;
  subject.name = run.name;
  subject.verdict = run_verdict(run);
  subject.severity = run.worst_severity;
  // What a checkpoint remembers of the steps before is no step.
  const bool has_steps = run.evidence.steps() > 0;
  subject.is_judged = has_steps && is_judged(run);
  for (const Episode& episode : run.episodes) {
    subject.findings.push_back({episode.finding, span_of(episode)});
  }
  sort_findings(subject.findings);
  subject.findings_left_out = run.forgotten_episodes;
  subject.rules = rules_of_a_visit(run.evidence, run.vital_signs, run.thresholds);
  for (const RuleId rule : rules_in_order()) {
    if (!needs_time(rule)) continue;
    subject.rules.push_back({rule, run.evidence.missing_over_time(rule, run.thresholds)});
  }
  subject.vital_signs = run.vital_signs;
  subject.global_norm = run.last_norm;
  subject.thresholds = run.thresholds;
  subject.notes = run.notes;
  add_rules_of_findings(subject);
  subject.sentence = has_steps
                         ? run_verdict_sentence(run)
                         : fmt::format("{}: nothing could be judged, there is no step.", run.name);
  return subject;
}

std::vector<JudgedSubject> judged_subjects(std::span<const NetworkReport> networks,
                                           std::span<const TrainedComparison> trainings) {
  std::vector<JudgedSubject> subjects;
  for (const NetworkReport& network : networks) subjects.push_back(judged_subject(network));
  for (const TrainedComparison& training : trainings) {
    for (std::size_t i = 0; i < training.networks.size(); ++i) {
      JudgedSubject& subject = subjects.emplace_back(judged_subject(training.networks[i].run));
      subject.name = fmt::format("{} trained with {}", networks[i].name, training.optimizer);
      subject.device = networks[i].device;
    }
  }
  return subjects;
}

std::vector<FindingGroup> grouped_findings(const JudgedSubject& subject) {
  const std::vector<std::size_t> roots = roots_of(subject.findings);
  std::vector<FindingGroup> groups;
  std::vector<std::size_t> group_at(roots.size());
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (roots[i] != i) continue;
    group_at[i] = groups.size();
    groups.push_back({&subject.findings[i], {}});
  }
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (roots[i] != i) groups[group_at[roots[i]]].consequences.push_back(&subject.findings[i]);
  }
  return groups;
}

std::string rule_label(RuleId rule) {
  std::string title(rule_title(rule));
  if (title.empty()) {
    title = rule_word(rule);
    std::ranges::replace(title, '_', ' ');
  }
  return fmt::format("{} {}", rule_number(rule), title);
}

std::string measured_text(const JudgedFinding& found) {
  std::vector<std::string> parts;
  if (found.finding.value) parts.push_back("value " + three_digits(*found.finding.value));
  if (found.finding.threshold) parts.push_back("limit " + three_digits(*found.finding.threshold));
  if (!found.when.empty()) parts.push_back(found.when);
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace gradvitals
