// Steps that a training log holds more than once, as that of a restarted run does. Internal.
#pragma once

#include "monitor/recorded/recorded_metrics.h"

namespace gradvitals {

/// Of a step that comes again after others only the last record counts: the run went back to a
/// checkpoint, and what it had recorded since was of weights that are lost. Records of one step
/// that follow each other stay (of an epoch, or of several backward passes), and so do those that
/// have no norm in common with the last one. Counts both.
void settle_repeated_steps(RecordedMetrics& recorded);

}  // namespace gradvitals
