// Networks as the page's script takes them. Internal.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "monitor/report/html/html_page.h"
#include "monitor/report/network_report.h"

namespace gradvitals {

/// {"name", "word" (its verdict), "names", "labels", "norms", "classes", "faults", "stats"}: a bar for each
/// gradient, null for one that is missing.
Json network_json(const NetworkReport& network, RuleSet rules);

/// {"kind", "keys", "columns", "rows"}: the table of all tensors, but for weights, which stand beside their
/// gradients.
Json tensors_json(std::span<const NetworkReport> networks, RuleSet rules);

/// The notebook's word under its rules, else the verdict.
std::string verdict_word(const NetworkReport& network, RuleSet rules);

/// How bad a score of the notebook is.
Severity severity_of_score(int score);

/// {"vanished", "weak", "large"}: the limits of the figure.
Json figure_limits_json();

/// A column of a table of tensors.
struct TensorColumn {
  std::string_view key;
  std::string_view title;
  std::string_view kind;  ///< "text", "number", "percent", "count" or "class"
};
Json tensor_columns_json(std::span<const TensorColumn> columns);

}  // namespace gradvitals
