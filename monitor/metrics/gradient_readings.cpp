#include "monitor/metrics/gradient_readings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

namespace gradvitals {
namespace {

/// A kernel has two dimensions or more, a bias one. A kernel of one row is still a kernel.
bool is_vector(const TensorRecord& tensor) {
  return tensor.rank < 2;
}

std::vector<GradientReading> readings_from_tensors(const HealthMetrics& metrics,
                                                   const Thresholds& thresholds) {
  std::vector<GradientReading> readings;
  std::set<std::string_view> learning_scopes;
  std::vector<std::size_t> vectors;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || tensor.stats.finite_count() == 0) continue;
    if (is_vector(tensor)) vectors.push_back(readings.size());
    readings.push_back({.name = tensor.name,
                        .layer = tensor.layer,
                        .norm = tensor.stats.l2_norm(),
                        .rms = tensor.stats.rms(),
                        .is_whole = tensor.stats.nonfinite_count() == 0});
    if (!is_vector(tensor) && !has_vanished(readings.back(), thresholds)) {
      learning_scopes.insert(scope_of(tensor.name));
    }
  }
  for (const std::size_t i : vectors) {
    readings[i].is_idle_bias = has_vanished(readings[i], thresholds) &&
                               learning_scopes.contains(scope_of(readings[i].name));
  }
  return readings;
}

std::vector<GradientReading> readings_from_norms(const HealthMetrics& metrics) {
  std::vector<GradientReading> readings;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    const double norm = metrics.gradient_norms[i];
    // A norm that is infinite may stand for an infinite element: R1 speaks of it, no magnitude
    // does.
    if (std::isfinite(norm))
      readings.push_back({.name = positional_name(i), .norm = norm, .rms = std::nullopt});
  }
  return readings;
}

}  // namespace

bool has_vanished(const GradientReading& gradient, const Thresholds& thresholds) {
  return gradient.is_whole && (gradient.norm < thresholds.vanished_norm ||
                               (gradient.rms && *gradient.rms < thresholds.vanished_rms));
}

std::vector<GradientReading> gradient_readings(const HealthMetrics& metrics,
                                               const Thresholds& thresholds) {
  return metrics.tensors.empty() ? readings_from_norms(metrics)
                                 : readings_from_tensors(metrics, thresholds);
}

std::string positional_name(std::size_t index) {
  return fmt::format("gradient {}", index + 1);
}

std::optional<NormRange> nonzero_norm_range(const std::vector<GradientReading>& readings) {
  NormRange range;
  for (const GradientReading& reading : readings) {
    if (reading.norm == 0.0 || !reading.is_whole || reading.is_idle_bias) continue;
    if (!range.smallest || reading.norm < range.smallest->norm) range.smallest = &reading;
    if (!range.largest || reading.norm > range.largest->norm) range.largest = &reading;
  }
  if (!range.smallest) return std::nullopt;
  return range;
}

}  // namespace gradvitals
