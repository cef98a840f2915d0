// The figure of a run that was judged step by step. Internal.
#pragma once

#include <string>
#include <string_view>

#include "monitor/report/figure/figure.h"

namespace gradvitals {

/// A page of two lines, without panels, where no step is known.
std::string trajectory_figure_script(const TrajectoryReport& run, const RunSeries& series,
                                     FigureFormat format, std::string_view output);

}  // namespace gradvitals
