// The notebook's monitor_gradient_health(model, x, y): one forward and backward pass, watched.
#pragma once

#include "framework/sequential.h"
#include "framework/tensor.h"
#include "kernels/ops/loss.h"
#include "kernels/runtime/stream.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals::app {

/// The loss of model(x) against y, its gradients by a tape, and the metrics of everything on it:
/// gradients, pre-activations, outputs, deltas, and the weights. x is (B,I), y is (B,O). `kind` is
/// the loss, by default the notebook's, the mean squared error. Throws std::invalid_argument where
/// the shapes do not fit the model, or the loss does not take them.
HealthMetrics monitor_gradient_health(Stream& stream, const Sequential& model, const Tensor& x,
                                      const Tensor& y, LossKind kind = LossKind::kMse);

}  // namespace gradvitals::app
