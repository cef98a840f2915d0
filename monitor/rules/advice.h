// Advice that several rules give, from what is known of the network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// The activation that squashes the hidden layers (sigmoid, tanh), where one does; empty where none
/// does or activations are not known. The last layer is the head and does not count.
std::string_view squashing_activation(const HealthMetrics& metrics);

/// "Replace sigmoid in the hidden layers by relu, with He initialisation"
std::string advice_against(std::string_view squashing);

/// For gradients that are exactly zero and should not be.
std::vector<std::string> advice_against_zeros();

/// For parameters that the loss does not depend on.
std::vector<std::string> advice_for_missing_gradients();

/// For experts that no token came to.
std::vector<std::string> advice_for_idle_experts();

}  // namespace gradvitals
