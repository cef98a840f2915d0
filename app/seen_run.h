// What the program has seen of a training, for its reports.
#pragma once

#include "monitor/report/trajectory_report.h"
#include "training/trainer.h"

namespace gradvitals::app {

/// Adds what the next step tells: its loss, norm and events, of which the first thousand are kept.
void see_step(TrajectoryReport& seen, const TrainingStep& step);

/// Adds what the trainer's tracker has found.
void add_judgement(TrajectoryReport& seen, const Trainer& trainer);

}  // namespace gradvitals::app
