// The norm of all gradients beyond which a step is a spike. Internal.
#pragma once

#include <optional>

#include "monitor/metrics/thresholds.h"
#include "monitor/trajectory/robust_window.h"

namespace gradvitals {

/// `norms` holds log10 of norms. Empty where there are too few of them.
std::optional<double> spike_norm(const RobustWindow& norms, const Thresholds& thresholds);

}  // namespace gradvitals
