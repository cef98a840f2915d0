// What `gradvitals compare --train` adds: the compared networks, trained under watch.
#pragma once

#include <span>
#include <vector>

#include "app/compare.h"
#include "framework/networks.h"
#include "kernels/runtime/stream.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trained_comparison.h"

namespace gradvitals::app {

struct ComparedTrainings {
  std::vector<TrainedComparison> trainings;
  int interruption = 0;  ///< The signal that ended them before the last step; 0 for none.
};

/// Trains each network anew, as it was at its first visit, on the samples of that visit, and judges
/// whether its verdict there held. Progress goes to stderr. Empty where the options ask for no training.
/// The first Ctrl-C ends all after the step that is under way.
ComparedTrainings train_networks(Stream& stream, const CompareOptions& options,
                                 const Thresholds& thresholds, const SampleData& data,
                                 std::span<const NetworkReport> first_visits);

}  // namespace gradvitals::app
