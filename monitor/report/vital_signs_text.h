// The panel of vital signs, as lines and as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/style.h"

namespace gradvitals {

/// One reading of the panel.
struct VitalLine {
  std::string_view sign;     ///< "Oxygen", on the first line of each sign; empty on the others.
  std::string_view reading;  ///< "backward factor"
  std::optional<double> value;
  std::optional<VitalStatus> status = {};  ///< Of the sign, on its first line.
  std::string normal = {};                 ///< "normal 0.06 to 12"; empty where no range is known.
  VitalStatus in_range = VitalStatus::kUnknown;  ///< Where the value lies beside that range.
  std::string network = {};  ///< Of several, the one that it is about, the worst.
};

/// A line for each reading. `global_norm` stands among them where it is known.
std::vector<VitalLine> vital_lines(const VitalSigns& signs, const Thresholds& thresholds,
                                   const std::optional<double>& global_norm);

/// Of each sign in its order, the first line that has a value and a range for it, else its first line. Where the
/// status of the sign is not known, that of the line stands for it.
std::vector<VitalLine> deciding_lines(const VitalSigns& signs, const Thresholds& thresholds);

/// A line for each reading, indented: the sign, what was read, its value, the status of the sign and the range in
/// which it is normal by these limits; below the sign's first line, what is low or high by its own range.
/// `global_norm` stands among them where it is known. "-" where a sign cannot be computed. For a terminal of fewer than 88 columns (style.width) the range goes without the
/// word "normal".
std::string vital_signs_panel(const VitalSigns& signs, const Thresholds& thresholds,
                              const std::optional<double>& global_norm, TextStyle style = {});

}  // namespace gradvitals
