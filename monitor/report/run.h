// The steps of one run: a row each, and what they show together.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "monitor/report/network_report.h"
#include "monitor/report/style.h"
#include "monitor/rules/run_diagnosis.h"

namespace gradvitals {

/// One row a step, in their order, which must be that of the run. Of a long run the first step, the
/// last, those that a finding names and the bad ones, up to some forty rows, with a line for what
/// lies between. With the notebook's rules: the notebook's numbers and score.
std::string run_table(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                      RuleSet rules, TextStyle style);

/// The RUN section: what the steps show together, the first bad step, the first that the table warns of
/// where that is another one, and the verdict.
std::string run_section(const RunDiagnosis& run, TextStyle style);

/// All of it, after a blank line: the table and, with the full rules, the section.
std::string run_text(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                     RuleSet rules, TextStyle style);

/// Whose diagnoses are worth printing in full: all of a short run; else the first bad step and others
/// that are bad, eight in all. Places in `networks`, ascending.
std::vector<std::size_t> steps_in_detail(std::span<const NetworkReport> networks,
                                         const RunDiagnosis& run);

}  // namespace gradvitals
