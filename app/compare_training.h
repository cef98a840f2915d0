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

/// Trains each network anew, as it was at its first visit, on the samples of that visit, and judges
/// whether its verdict there held. Progress goes to stderr. Empty where the options ask for no training.
std::vector<TrainedComparison> train_networks(Stream& stream, const CompareOptions& options,
                                              const Thresholds& thresholds, const SampleData& data,
                                              std::span<const NetworkReport> first_visits);

}  // namespace gradvitals::app
