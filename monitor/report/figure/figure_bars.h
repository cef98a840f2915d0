// What stands beneath the bars of the figure: their names or numbers, and which are at fault. Internal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "monitor/report/network_report.h"

namespace gradvitals {

/// More bars than this leave no room for a name, or for a label at each bar's foot.
inline constexpr std::size_t kMaxNamedBars = 24;

struct BarTick {
  std::size_t place;  ///< Of the bar, from 0.
  std::string text;
};

/// Whether each bar has its name beneath it.
bool has_named_bars(const HealthMetrics& metrics);

/// A name beneath each bar where there is room, else numbers beneath some: as in the notebook's figure,
/// and of those that fault_lines() names.
std::vector<BarTick> bar_ticks(const NetworkReport& network, RuleSet rules);

/// The room of a line: its font's points, and pixels.
struct LineRoom {
  double points;
  double pixels;
};

/// "31: h.7.mlp.weight, NaN" of the bars that are at fault, where they have no names beneath them: a
/// few lines, the last one saying how many more there are.
std::vector<std::string> fault_lines(const NetworkReport& network, RuleSet rules, LineRoom room);

}  // namespace gradvitals
