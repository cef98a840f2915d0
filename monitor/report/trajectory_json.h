// Pieces of JSON that tell of a run: documents of recorded runs and of trainings share them. Internal.
#pragma once

#include "monitor/report/json_writer.h"
#include "monitor/report/trajectory_report.h"

namespace gradvitals {

/// A finding with "verdict", "first_step", "last_step", "peak_step", "count" and "is_open".
Json episode_json(const Episode& episode);
/// "event" and "step", then the episode.
Json event_json(const HealthEvent& event);
/// Members of an object that is open: from "run" to "events_left_out", as trajectory_json() has them.
void write_judged_run(JsonWriter& out, const TrajectoryReport& report);

/// [{"step", "loss", "global_norm"}, ...], as trajectory_json() has it.
Json curve_json(const TrajectoryReport& report);

}  // namespace gradvitals
