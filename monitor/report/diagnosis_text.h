// What the full rules found in one network, as text: root causes, what follows from them, vital
// signs.
#pragma once

#include <string>

#include "monitor/report/network_report.h"
#include "monitor/report/style.h"

namespace gradvitals {

/// The banner that names a network before its diagnosis, as the notebook prints it.
std::string network_heading(const NetworkReport& network, TextStyle style);

/// The ROOT CAUSE section: every root finding with value, limit, tensor and advice, its
/// consequences indented beneath it, the vital signs, and the verdict. Begins with a blank line, as
/// the notebook's diagnosis does, and ends with a line break.
std::string root_cause_text(const NetworkReport& network, TextStyle style);

/// What is said about one network: the notebook's diagnosis and, with the full rules, the root cause.
std::string diagnosis_text(const NetworkReport& network, RuleSet rules, TextStyle style);

}  // namespace gradvitals
