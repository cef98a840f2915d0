// The panel of vital signs, as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/style.h"

namespace gradvitals {

/// What one of the signs shows, as text.
struct SignReading {
  std::string_view sign;     ///< "Oxygen"
  std::string_view reading;  ///< "backward factor"
  std::optional<double> value{};
  VitalStatus status = VitalStatus::kUnknown;
  std::string normal{};  ///< "normal from 0.3"; empty where there is no value.
};

/// Of each of the four signs in their order, the reading that decides its status.
std::vector<SignReading> deciding_readings(const VitalSigns& signs, const Thresholds& thresholds);

/// A line for each reading, indented: the sign, what was read, its value, its status and the range in
/// which it is normal by these limits. `global_norm` stands among them where it is known. "-" where
/// a sign cannot be computed. For a terminal of fewer than 88 columns (style.width) the range goes without the
/// word "normal".
std::string vital_signs_panel(const VitalSigns& signs, const Thresholds& thresholds,
                              const std::optional<double>& global_norm, TextStyle style = {});

}  // namespace gradvitals
