// Networks side by side: the table, and the conclusions computed from it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "monitor/report/aligned_table.h"
#include "monitor/report/network_report.h"
#include "monitor/report/style.h"

namespace gradvitals {

/// The comparison table, its header first: a column for each network, of which there is one at least, a
/// row for each of the notebook's metrics and, with the full rules, for the signal's flow, score and
/// verdict. Ideal ranges are those of the first diagnosis.
std::vector<TableRow> comparison_rows(std::span<const NetworkReport> networks, RuleSet rules);

/// The same as text. Columns are as wide as their widest cell.
std::string comparison_table(std::span<const NetworkReport> networks, RuleSet rules,
                             TextStyle style);

/// "backward factor is 0.0168 (healthy: at least 0.06)", the limit that it crossed, as judged;
/// where it crossed none, the table's range. Empty where the backward factor is not known.
std::optional<std::string> backward_factor_phrase(const Diagnosis& diagnosis);

/// The number behind a verdict, as a phrase: how gradients pass where that decided or nothing is wrong,
/// else what the deciding finding says.
std::string verdict_evidence(const NetworkReport& network);

/// One line for each network: from its verdict and the number that decided it or, with the notebook's
/// rules, from the notebook's score.
std::string conclusions(std::span<const NetworkReport> networks, RuleSet rules, TextStyle style);

/// One line: the networks on which the notebook's score and the full rules disagree, and why.
std::string disagreements(std::span<const NetworkReport> networks, TextStyle style);

/// All of it, after a blank line: table, conclusions and, with the full rules, disagreements.
std::string comparison_text(std::span<const NetworkReport> networks, RuleSet rules,
                            TextStyle style);

}  // namespace gradvitals
