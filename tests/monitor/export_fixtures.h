// Judged networks and runs made by hand, for the tests of the writers for machines.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "monitor/report/export/judged_subject.h"
#include "monitor/report/trajectory_report.h"
#include "tests/monitor/report_networks.h"

namespace gradvitals::test {

inline Finding found(RuleId rule, Severity severity, std::string tensor, std::string text) {
  Finding finding;
  finding.rule = rule;
  finding.severity = severity;
  finding.tensor = std::move(tensor);
  finding.text = std::move(text);
  finding.value = 0.25;
  finding.threshold = 0.5;
  finding.advice = {"do " + std::string(rule_number(rule)), "or not"};
  finding.verdict = Verdict::kVanishing;
  return finding;
}

/// R2 critical with R4 behind it, and R9 that informs. R3 had nothing to judge, R8 found nothing.
inline JudgedSubject sick_subject(const std::string& name = "Net",
                                  const std::string& tensor = "w") {
  JudgedSubject subject;
  subject.name = name;
  subject.device = "cpu";
  subject.sentence = name + " is vanishing: B is small.";
  subject.verdict = Verdict::kVanishing;
  subject.severity = Severity::kCritical;
  subject.findings = {
      {found(RuleId::kBackwardFactor, Severity::kCritical, tensor, "B is small."), ""},
      {found(RuleId::kVanishedGradients, Severity::kWarning, tensor, "Norms vanish."),
       "from step 3 on"},
      {found(RuleId::kNormRange, Severity::kInfo, "", "Norms span much."), ""}};
  subject.findings[1].finding.consequence_of = RuleId::kBackwardFactor;
  subject.rules = {{RuleId::kBackwardFactor, ""},
                   {RuleId::kForwardGain, "no activations"},
                   {RuleId::kVanishedGradients, ""},
                   {RuleId::kLargeGradients, ""},
                   {RuleId::kNormRange, ""}};
  return subject;
}

inline JudgedSubject unjudged_subject() {
  return judged_subject(judged("empty", "", metrics_from_norms({})));
}

inline Episode episode_of(Finding finding, std::int64_t first, std::int64_t last, bool is_open) {
  Episode episode;
  episode.finding = std::move(finding);
  episode.first_step = first;
  episode.last_step = episode.peak_step = last;
  episode.count = last - first + 1;
  episode.is_open = is_open;
  return episode;
}

/// 200 steps: exploding from step 7 to 9, and something that lasts from step 90 on.
inline TrajectoryReport sick_run(const std::string& name = "run", const std::string& tensor = "w") {
  TrajectoryReport run;
  run.name = name;
  run.steps = 200;
  run.evidence.add(named_metrics({0.1, 0.2}), true);
  run.first_step = 0;
  run.last_step = 199;
  run.last_norm = 0.125;
  run.verdict = Verdict::kVanishing;
  run.severity = Severity::kWarning;
  run.worst_severity = Severity::kCritical;
  Finding exploding = found(RuleId::kLossGrowth, Severity::kCritical, tensor, "The loss grows.");
  exploding.verdict = Verdict::kExploding;
  run.episodes = {
      episode_of(exploding, 7, 9, false),
      episode_of(found(RuleId::kBackwardFactor, Severity::kWarning, tensor, "B is small."), 90, 199,
                 true)};
  for (const Episode& episode : run.episodes) {
    run.events.push_back(
        {.kind = HealthEventKind::kBegan, .step = episode.first_step, .episode = episode});
  }
  run.vital_signs.blood_pressure = {
      .network = "", .range_ratio = 12.5, .status = VitalStatus::kNormal};
  return run;
}

}  // namespace gradvitals::test
