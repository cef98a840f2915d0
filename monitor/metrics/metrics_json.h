// Recorded metrics: the seed's keys as JSON, to be judged again.
#pragma once

#include <string>
#include <string_view>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// An object with the seed's keys (min_gradient, max_gradient, mean_gradient, std_gradient,
/// vanished_layers, weak_layers, total_layers, gradient_norms); `loss` is optional, other keys are
/// passed over. Values are taken as recorded and not computed again. null stands for a value that
/// is not finite and becomes NaN. `path` is for messages. Throws InputError naming the path and the
/// key that is missing, negative or of another kind, or the byte that is no JSON (NaN is none).
HealthMetrics parse_metrics(std::string_view text, const std::string& path);

}  // namespace gradvitals
