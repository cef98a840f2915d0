// The panel of a run's figure that shows the gradient's norm from layer to layer. Internal.
#pragma once

#include <string>
#include <vector>

#include "monitor/report/figure/gnuplot_script.h"
#include "monitor/report/figure/run_view.h"

namespace gradvitals {

/// A moment of a run that the panel shows.
struct LayerProfile {
  const SeriesPoint* point;
  std::string title;     ///< "first: step 0"
  std::size_t look = 0;  ///< Which of the three it is.
  bool is_peak = false;  ///< The largest norm of its steps counts, else the last.
};

/// The first moment of the run, the worst and the last; the worst is that of the episode which tells
/// most, else of the largest norm. A step that is two of them stands there once.
std::vector<LayerProfile> layer_profiles(const RunView& view);

void layer_panel(GnuplotScript& script, const RunView& view, const LayerRows& layers,
                 const Panel& panel);

}  // namespace gradvitals
