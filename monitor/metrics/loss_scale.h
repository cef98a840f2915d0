// Gradients of a loss that was multiplied before backward, as half precision does.
#pragma once

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// The statistics of the tensor divided by `scale`. Counts do not change: elements that were subnormal
/// or zero in the stored dtype still count as such. `scale` is positive and finite.
TensorStats divided_by(const TensorStats& stats, double scale);

/// Divides gradients and deltas, and everything made of them, and notes the scale as
/// metrics.loss_scale. Throws std::invalid_argument for a scale that is not positive and finite.
void divide_by_loss_scale(HealthMetrics& metrics, double scale);

}  // namespace gradvitals
