// Networks that are examined together, and what each of them alone showed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/stats/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Puts the networks of the views into the records, which are parallel to them and have distinct
/// names: numbered from 0 in the order in which they are met. A weight, whose model does not know its
/// place among others, goes where the layer of its model and scope is, and so does a gradient without
/// a layer; what no layer is known of, with its model, which is a network of its own where none of it
/// is known. Returns the networks' names: of the model of the first layer, or of that layer, and
/// distinct; none where the views tell of one network, which then holds all.
std::vector<Name> place_in_networks(std::span<const TensorView> views,
                                    std::span<TensorRecord> records);

/// The metrics of each network alone, with the step, loss and loss scale that they share; none where
/// there is one network. Throws std::invalid_argument naming the record whose network is not among
/// them.
std::vector<HealthMetrics> split_networks(const HealthMetrics& metrics);

}  // namespace gradvitals
