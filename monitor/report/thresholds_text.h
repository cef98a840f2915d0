// The limits that a report was made with, where they are not the default.
#pragma once

#include <string>

#include "monitor/metrics/thresholds.h"
#include "monitor/report/style.h"

namespace gradvitals {

/// One line that names the limits that are not the default: "INFO: limits not the default: ...".
/// Empty where all are.
std::string thresholds_text(const Thresholds& thresholds, TextStyle style);

}  // namespace gradvitals
