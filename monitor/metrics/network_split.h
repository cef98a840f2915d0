// Networks that are examined together, and the metrics of each.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/stats/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Assigns the networks of the views to their records, which are parallel to them and have distinct
/// names. Networks are numbered from 0 in order of appearance. Gradients, activations and deltas
/// state their own network; only a gradient without a layer goes first to the network of the layer
/// with the same model and scope, if there is one. Weights and updates, and views whose network is
/// unknown, go to the network of that layer, else to that of their model, a new one if the model
/// has no known layer. Returns distinct names of the networks, from the model of the first layer or
/// from that layer; none if there is only one network.
std::vector<Name> place_in_networks(std::span<const TensorView> views,
                                    std::span<TensorRecord> records);

/// The metrics of each network alone, with the step, loss and loss scale that they share; none
/// where there is one network. Throws std::invalid_argument naming the record whose network is not
/// among them.
std::vector<HealthMetrics> split_networks(const HealthMetrics& metrics);

}  // namespace gradvitals
