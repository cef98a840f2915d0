// The trainings of compared networks as JSON. Internal.
#pragma once

#include <cstddef>
#include <span>

#include "monitor/report/json_writer.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trained_comparison.h"

namespace gradvitals {

/// Into the open object of the network at `place`: "training", an array with an object for each of the
/// trainings, as comparison_json() says. Throws std::out_of_range where a training lacks the network.
void write_trainings(JsonWriter& out, const NetworkReport& network, std::size_t place,
                     std::span<const TrainedComparison> trainings);

}  // namespace gradvitals
