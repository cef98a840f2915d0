// From metrics to a judged network.
#pragma once

#include <string>

#include "kernels/runtime/device.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/report/network_report.h"

namespace gradvitals::app {

/// Applies the full rules with these limits. `short_name` stands where space is short; empty for `name`.
NetworkReport judge(HealthMetrics metrics, const Thresholds& thresholds, const Device& device,
                    std::string name, std::string short_name = {});

}  // namespace gradvitals::app
