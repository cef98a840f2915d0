// JudgedSubject: a network, the steps of a run or a training, as gates and summaries see it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trained_comparison.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {

struct JudgedFinding {
  Finding finding;
  std::string when;  ///< "from step 3 on"; empty where there is one step.
};

/// A rule that judges such a subject, and what it lacked for it: empty where it had something to judge.
struct JudgedRule {
  RuleId rule = RuleId::kNone;
  std::string missing;
};

/// Names may hold any bytes.
struct JudgedSubject {
  std::string name;
  std::string device;    ///< Empty where it is not known.
  std::string sentence;  ///< The verdict.
  Verdict verdict = Verdict::kHealthy;
  Severity severity = Severity::kOk;    ///< Of the worst finding.
  bool is_judged = true;                ///< Else there was nothing to judge.
  std::vector<JudgedFinding> findings;  ///< Worst first, roots before what they explain.
  std::int64_t findings_left_out = 0;   ///< That are forgotten.
  std::vector<JudgedRule> rules;
  VitalSigns vital_signs;  ///< Of a run those of its last check-up.
  std::optional<double> global_norm;
  Thresholds thresholds;
  std::vector<std::string> notes;
};

JudgedSubject judged_subject(const NetworkReport& network);
/// The steps of one run; there is one at least.
JudgedSubject judged_subject(std::span<const NetworkReport> networks, const RunDiagnosis& run);
JudgedSubject judged_subject(const TrajectoryReport& run);
/// Networks side by side, and their trainings behind them.
std::vector<JudgedSubject> judged_subjects(std::span<const NetworkReport> networks,
                                           std::span<const TrainedComparison> trainings = {});

/// A root cause, and all that follows from it.
struct FindingGroup {
  const JudgedFinding* root = nullptr;
  std::vector<const JudgedFinding*> consequences;
};

/// The findings in their order; what is explained by something that is not there is a root. The pointers
/// point into the subject.
std::vector<FindingGroup> grouped_findings(const JudgedSubject& subject);

/// "R2 Backward factor", "R14 norm change".
std::string rule_label(RuleId rule);

/// "value 0.0168, limit 0.06, from step 3 on": what there is of it.
std::string measured_text(const JudgedFinding& found);

}  // namespace gradvitals
