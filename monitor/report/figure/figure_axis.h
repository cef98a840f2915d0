// The logarithmic axis of the figure: its range, its ticks, and what cannot stand on it as a bar.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "monitor/report/network_report.h"

namespace gradvitals {

/// A range of powers of ten, as exponents.
struct Decades {
  double low;
  double high;

  double span() const { return high - low; }
};

/// How far an axis reaches: gnuplot's own arithmetic needs some room to float64's ends.
inline constexpr double kLowestExponent = -300.0;
inline constexpr double kHighestExponent = 305.0;

/// One range for each network, wide enough for its bars and for the notebook's limits. The same for
/// all, so that panels compare at a glance, unless that would flatten the bars of every one of
/// them.
std::vector<Decades> figure_axes(std::span<const NetworkReport> networks);

/// Exponents of the ticks: whole numbers, evenly spaced, at most about ten.
std::vector<int> tick_exponents(Decades axis);

/// What is written at the foot of the axis where a value has no bar: "0", "NaN", "Inf", or a value
/// that the axis does not reach.
std::optional<std::string> foot_label(double value, Decades axis);

}  // namespace gradvitals
