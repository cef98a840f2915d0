#include "monitor/metrics/gradient_readings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gradvitals {
namespace {

std::vector<GradientReading> readings_from_tensors(const HealthMetrics& metrics) {
  std::vector<GradientReading> readings;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || tensor.stats.finite_count() == 0) continue;
    readings.push_back({tensor.name, tensor.layer, tensor.stats.l2_norm(), tensor.stats.rms()});
  }
  return readings;
}

std::vector<GradientReading> readings_from_norms(const HealthMetrics& metrics) {
  std::vector<GradientReading> readings;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    const double norm = metrics.gradient_norms[i];
    // A norm that is infinite may stand for an infinite element: R1 speaks of it, no magnitude
    // does.
    if (std::isfinite(norm)) readings.push_back({positional_name(i), -1, norm, std::nullopt});
  }
  return readings;
}

}  // namespace

std::vector<GradientReading> gradient_readings(const HealthMetrics& metrics) {
  return metrics.tensors.empty() ? readings_from_norms(metrics) : readings_from_tensors(metrics);
}

std::string positional_name(std::size_t index) {
  return fmt::format("gradient {}", index + 1);
}

std::optional<NormRange> nonzero_norm_range(const std::vector<GradientReading>& readings) {
  NormRange range;
  for (const GradientReading& reading : readings) {
    if (reading.norm == 0.0) continue;
    if (!range.smallest || reading.norm < range.smallest->norm) range.smallest = &reading;
    if (!range.largest || reading.norm > range.largest->norm) range.largest = &reading;
  }
  if (!range.smallest) return std::nullopt;
  return range;
}

}  // namespace gradvitals
