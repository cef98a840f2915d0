// What stands at the foot of a logarithmic axis where a value has no bar. Internal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "monitor/report/figure/figure_axis.h"

namespace gradvitals {

/// Where bars are: the first at 1, and so on.
struct BarRange {
  double low;
  double high;
};

/// Few bars stay as narrow as five.
BarRange bar_range(std::size_t bars);

struct FootLabel {
  std::string text;  ///< "0 (40 times)" for neighbours that share it.
  double middle;     ///< Among the bars.
};

struct FootLabels {
  std::vector<FootLabel> labels;
  bool are_upright = false;  ///< Side by side they would overlap, turned they do not.
  /// Some have no room even so, and are left out: marks say what they would.
  bool has_left_out = false;
};

/// The foot_label() of each value that has one, on a panel of so many pixels. If bars are too dense for a
/// label each, neighbours with the same one share it.
FootLabels foot_labels(std::span<const double> values, Decades axis, int pixels);

}  // namespace gradvitals
