// JSON writers: one network, several side by side, and the steps of a run.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "monitor/report/network_report.h"
#include "monitor/report/trained_comparison.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {

/// What the key "schema" says, first in each document.
inline constexpr std::string_view kDiagnosisSchema = "gradvitals.diagnosis/1";
inline constexpr std::string_view kComparisonSchema = "gradvitals.comparison/1";

/// One network. ASCII only, indented by two spaces, ending with a line break; keys in the order of
/// the schema, numbers in a form that reads back to the same bits, null for what is not finite or
/// has no value. A finding's "rule" is rule_number(), its "id" is rule_word(), and "consequence_of"
/// is the number of the rule that explains it. Bytes of a name that are no UTF-8 become U+FFFD. The
/// same input gives the same bytes. Where several networks were examined on one tape, "network" is
/// the name of the one that a tensor, a finding, a blood pressure or an oxygen is about; the key is
/// left out where there is one network, or where something is about all of them. "thresholds" has the
/// limits that are not the default, and is left out where all are. Throws std::invalid_argument for a
/// tensor whose network is none of HealthMetrics::networks.
std::string diagnosis_json(const NetworkReport& network);

/// Several reports: each element of "networks", in their order, is what diagnosis_json() writes. Where
/// they were trained, it has "training" as well, an array with one object for each of `trainings`:
/// "optimizer", "learning_rate", "batch", "steps", "loss_before", "loss_after", "score_name",
/// "score_before", "score_after", "losses" (means of equal parts of the steps), "prediction" (the first
/// "verdict", its "outcome": held, failed or open, what was "learnt", and "best_learnt" of all
/// networks), then the run as trajectory_json() has it.
std::string comparison_json(std::span<const NetworkReport> networks,
                            std::span<const TrainedComparison> trainings = {});

/// The same for the steps of one run, an element of "networks" each, with what they show together
/// in "run": "verdict", "severity", "first_bad_step", "first_warning" and "first_critical" (each null,
/// or its "step" and "file"; the last two are of steps judged each by itself), "steps" and
/// "findings", each with the "step" and "file" that show it first and the "count" of those that do.
std::string run_json(std::span<const NetworkReport> networks, const RunDiagnosis& run);

}  // namespace gradvitals
