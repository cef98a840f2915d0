// The panel of vital signs, as text.
#pragma once

#include <optional>
#include <string>

#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/style.h"

namespace gradvitals {

/// A line for each reading, indented: the sign, what was read, its value, its status and the range in
/// which it is normal by these limits. `global_norm` stands among them where it is known. "-" where
/// a sign cannot be computed. For a terminal of fewer than 88 columns (style.width) the range goes without the
/// word "normal".
std::string vital_signs_panel(const VitalSigns& signs, const Thresholds& thresholds,
                              const std::optional<double>& global_norm, TextStyle style = {});

}  // namespace gradvitals
