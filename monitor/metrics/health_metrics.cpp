#include "monitor/metrics/health_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "monitor/metrics/notebook_limits.h"

namespace gradvitals {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Moments {
  double mean;
  double std;
};

/// Mean and population standard deviation in two passes. `largest` sets a power of two that keeps
/// the squares in range and leaves every digit as it is.
Moments moments(std::span<const double> values, double largest) {
  int exponent = std::isfinite(largest) && largest > 0 ? std::ilogb(largest) : 0;
  exponent = std::clamp(exponent, -1022, 1022);  // The factor is a normal float64.
  const double factor = std::ldexp(1.0, -exponent);
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double value : values) sum += value * factor;
  const double mean = sum / count;
  double squares = 0.0;
  for (const double value : values) {
    const double deviation = value * factor - mean;
    squares += deviation * deviation;
  }
  return {std::ldexp(mean, exponent), std::ldexp(std::sqrt(squares / count), exponent)};
}

}  // namespace

double fraction(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

std::int64_t TensorRecord::unit_count() const {
  return unit_axis == UnitAxis::kCols ? cols : rows;
}

std::int64_t TensorRecord::input_count() const {
  return unit_axis == UnitAxis::kCols ? rows : cols;
}

double LayerUnits::dead_unit_fraction() const {
  return fraction(dead_unit_count, unit_count);
}

double LayerUnits::saturation_fraction() const {
  return fraction(saturated_count, unit_count * batch);
}

HealthMetrics metrics_from_norms(std::vector<double> gradient_norms) {
  HealthMetrics metrics;
  metrics.gradient_norms = std::move(gradient_norms);
  const std::vector<double>& norms = metrics.gradient_norms;
  metrics.total_layers = std::ssize(norms);
  metrics.vanished_layers =
      std::ranges::count_if(norms, [](double norm) { return norm < kNotebookVanishedNorm; });
  metrics.weak_layers =
      std::ranges::count_if(norms, [](double norm) { return norm < kNotebookWeakNorm; });

  // NumPy's min and max give NaN where any element is; std::minmax would depend on the order.
  const bool has_nan = std::ranges::any_of(norms, [](double norm) { return std::isnan(norm); });
  if (norms.empty() || has_nan) {
    metrics.min_gradient = metrics.max_gradient = kNaN;
    metrics.mean_gradient = metrics.std_gradient = kNaN;
    return metrics;
  }
  metrics.min_gradient = std::ranges::min(norms);
  metrics.max_gradient = std::ranges::max(norms);
  const auto [mean, std] = moments(norms, metrics.max_gradient);
  metrics.mean_gradient = mean;
  metrics.std_gradient = std;
  return metrics;
}

bool has_norm(const TensorRecord& tensor) {
  return tensor.role == Role::kGradient && tensor.exists && tensor.stats.count > 0;
}

double global_norm(const HealthMetrics& metrics) {
  const std::vector<double>& norms = metrics.gradient_norms;
  double largest = 0.0;
  for (const double norm : norms) {
    if (std::isnan(norm)) return norm;
    largest = std::max(largest, norm);
  }
  if (largest == 0.0 || !std::isfinite(largest)) return largest;
  double sum = 0.0;  // Of squares relative to the largest, which cannot overflow.
  for (const double norm : norms) sum += (norm / largest) * (norm / largest);
  return largest * std::sqrt(sum);
}

bool can_be_judged(const HealthMetrics& metrics) {
  if (metrics.loss && !std::isfinite(*metrics.loss)) return true;
  const bool has_evidence = std::ranges::any_of(metrics.tensors, [](const TensorRecord& tensor) {
    if (tensor.stats.nonfinite_count() > 0) return true;
    if (tensor.role == Role::kGradient) return !tensor.exists || tensor.stats.count > 0;
    return tensor.role == Role::kDelta && tensor.stats.count > 0;
  });
  return has_evidence || (metrics.tensors.empty() && !metrics.gradient_norms.empty());
}

}  // namespace gradvitals
