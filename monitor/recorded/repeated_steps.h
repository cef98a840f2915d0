// Steps that a training log holds more than once, as that of a restarted run does. Internal.
#pragma once

#include "monitor/recorded/recorded_metrics.h"

namespace gradvitals {

/// Of a step that comes again after others only the last time counts: the run went back to a
/// checkpoint, and what it had recorded since was of weights that are lost. What says the same step
/// in a row stays (an epoch, or a step of several backward passes), and so does what has no norm in
/// common with that last time. Counts both.
void settle_repeated_steps(RecordedMetrics& recorded);

}  // namespace gradvitals
