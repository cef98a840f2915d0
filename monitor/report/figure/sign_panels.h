// The panels of a run's figure that show its vital signs over steps, each beside its normal range. Internal.
#pragma once

#include "monitor/report/figure/gnuplot_script.h"
#include "monitor/report/figure/run_view.h"

namespace gradvitals {

/// The four signs and what belongs to the fourth, eight panels in two rows.
void sign_panels(GnuplotScript& script, const RunView& view);

}  // namespace gradvitals
