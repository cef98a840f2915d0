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

/// The exponent of a power of two that brings values up to `largest` to where their squares are in range,
/// and leaves every digit as it is. 0 between 2^-400 and 2^400, where every network's are: squares of
/// deviations, of which the smallest are 2^-53 of them, are normal numbers there.
int exponent_for(double largest) {
  constexpr double kLow = 0x1p-400;
  constexpr double kHigh = 0x1p+400;
  if (!std::isfinite(largest) || largest == 0 || (largest > kLow && largest < kHigh)) return 0;
  return std::clamp(std::ilogb(largest), -1022, 1022);  // The factor is a normal float64.
}

/// Mean and population standard deviation in two passes.
Moments moments(std::span<const double> values, double largest) {
  const int exponent = exponent_for(largest);
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
  bool has_nan = false;  // NumPy's min and max give NaN where any element is.
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -smallest;
  for (const double norm : norms) {
    metrics.vanished_layers += norm < kNotebookVanishedNorm ? 1 : 0;
    metrics.weak_layers += norm < kNotebookWeakNorm ? 1 : 0;
    has_nan = has_nan || std::isnan(norm);
    smallest = std::min(smallest, norm);
    largest = std::max(largest, norm);
  }
  if (norms.empty() || has_nan) {
    metrics.min_gradient = metrics.max_gradient = kNaN;
    metrics.mean_gradient = metrics.std_gradient = kNaN;
    return metrics;
  }
  metrics.min_gradient = smallest;
  metrics.max_gradient = largest;
  const auto [mean, std] = moments(norms, largest);
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
