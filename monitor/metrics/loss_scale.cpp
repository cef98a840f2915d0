#include "monitor/metrics/loss_scale.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace gradvitals {

TensorStats divided_by(const TensorStats& stats, double scale) {
  TensorStats divided = stats;
  // The power of two goes to the exponent: squares keep every digit, and leave no range.
  int exponent = 0;
  const double mantissa = std::frexp(scale, &exponent);
  divided.sum_squares /= mantissa * mantissa;
  if (divided.sum_squares != 0.0) divided.scale_exponent -= exponent;
  divided.sum /= scale;
  divided.max_abs /= scale;
  divided.min_abs_nonzero /= scale;
  return divided;
}

void divide_by_loss_scale(HealthMetrics& metrics, double scale) {
  if (!(scale > 0.0) || !std::isfinite(scale)) {
    throw std::invalid_argument(fmt::format("loss scale {} is not positive and finite", scale));
  }
  for (TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient && tensor.role != Role::kDelta) continue;
    tensor.stats = divided_by(tensor.stats, scale);
  }
  metrics.loss_scale = scale;
  if (metrics.gradient_norms.empty()) {
    for (double HealthMetrics::*member :
         {&HealthMetrics::min_gradient, &HealthMetrics::max_gradient, &HealthMetrics::mean_gradient,
          &HealthMetrics::std_gradient}) {
      metrics.*member /= scale;
    }
    return;
  }
  for (double& norm : metrics.gradient_norms) norm /= scale;
  const HealthMetrics summary = metrics_from_norms(metrics.gradient_norms);
  metrics.min_gradient = summary.min_gradient;
  metrics.max_gradient = summary.max_gradient;
  metrics.mean_gradient = summary.mean_gradient;
  metrics.std_gradient = summary.std_gradient;
  metrics.vanished_layers = summary.vanished_layers;
  metrics.weak_layers = summary.weak_layers;
}

}  // namespace gradvitals
