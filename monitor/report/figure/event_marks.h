// The events of a run in its figure: upright lines in the panels, rule numbers above them, and a list.
// Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/figure/gnuplot_script.h"
#include "monitor/report/figure/run_view.h"

namespace gradvitals {

/// How a line that marks a severity looks: colour and dashes.
std::string event_look(Severity severity);

/// The first step of an episode that is a warning or worse.
std::optional<std::int64_t> first_bad_step(const TrajectoryReport& run);

/// A line where each episode began, in the panel that is drawn next.
void mark_events(GnuplotScript& script, const RunView& view);

/// Above `panel`: "R2, R14 x3" over the lines, and which step was the first bad one. Where labels would
/// overlap, the more severe is told.
void label_events(GnuplotScript& script, const RunView& view, const Panel& panel);

/// For the key: a line for each severity that there is.
std::vector<std::string> event_keys(const TrajectoryReport& run);

/// "R2 vanishing, critical, steps 10 to 400: dense/kernel": the worst episodes, as many as have room.
void list_events(GnuplotScript& script, const RunView& view, const Panel& panel);

}  // namespace gradvitals
