// Advice that several rules give, from what is known of the network.
#pragma once

#include <string>
#include <string_view>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// The activation that squashes the hidden layers (sigmoid, tanh), where one does; empty where none
/// does or activations are not known. The last layer is the head and does not count.
std::string_view squashing_activation(const HealthMetrics& metrics);

/// "Replace sigmoid in the hidden layers by relu, with He initialisation"
std::string advice_against(std::string_view squashing);

}  // namespace gradvitals
