// The panel of a run's figure that shows the norm of each tensor over steps. Internal.
#pragma once

#include "monitor/report/figure/gnuplot_script.h"
#include "monitor/report/figure/run_view.h"

namespace gradvitals {

/// A line for each tensor; where there are many, for the worst ones, and a band for the rest: those that
/// are at fault by an episode, then what was not finite, then what is farthest from the others.
void tensor_panel(GnuplotScript& script, const RunView& view, const Panel& panel);

/// The places of those that have a line, worst first; all of them where they are few.
std::vector<std::size_t> drawn_tensors(const RunView& view);

}  // namespace gradvitals
