#include "monitor/metrics/vital_signs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/layer_units.h"
#include "monitor/metrics/network_split.h"

namespace gradvitals {
namespace {

VitalStatus status_of(std::optional<double> value, double low, double high) {
  if (!value) return VitalStatus::kUnknown;
  if (*value < low) return VitalStatus::kLow;
  if (*value > high) return VitalStatus::kHigh;
  return VitalStatus::kNormal;
}

BloodPressure blood_pressure(const std::vector<GradientNorm>& gradients,
                             const Thresholds& thresholds) {
  BloodPressure sign;
  if (const auto range = nonzero_norm_range(gradients)) sign.range_ratio = range->ratio();
  sign.status = status_of(sign.range_ratio, 0.0, thresholds.range_ratio);
  return sign;
}

/// By the flow of gradients if it is known, else by the forward gain.
VitalStatus oxygen_status(const Oxygen& sign, const Thresholds& t) {
  if (sign.backward_factor) {
    return status_of(sign.backward_factor, backward_factor_floor(sign, t).warning,
                     backward_factor_ceiling(sign, t).warning);
  }
  if (sign.block_factor) {
    return status_of(sign.block_factor, t.backward_factor_low.warning,
                     t.backward_factor_high.warning);
  }
  return status_of(sign.forward_gain, t.forward_gain_low.warning, t.forward_gain_high.warning);
}

void keep_worst(std::optional<double>& worst, double value) {
  worst = std::max(worst.value_or(value), value);
}

/// Of what the optimizer moved: the tensor's own norm, or the one number that stands for it.
std::optional<double> update_norm(const TensorRecord& tensor) {
  if (!tensor.exists || tensor.stats.count == 0 || tensor.stats.nonfinite_count() > 0) return {};
  if (tensor.role == Role::kUpdate) return tensor.stats.l2_norm();
  if (tensor.role == Role::kUpdateSquares) return std::sqrt(std::max(tensor.stats.sum, 0.0));
  return {};
}

Temperature temperature(const HealthMetrics& metrics, const Thresholds& thresholds) {
  std::map<std::string_view, double> weight_norms;
  for (const TensorRecord& tensor : metrics.tensors) {
    // A bias starts at zero: beside that, whatever it moves by is large.
    if (tensor.role == Role::kWeight && tensor.rank > 1) {
      weight_norms[tensor.name] = tensor.stats.l2_norm();
    }
  }
  std::optional<double> largest;
  for (const TensorRecord& tensor : metrics.tensors) {
    const std::optional<double> norm = update_norm(tensor);
    if (!norm) continue;
    const auto weight = weight_norms.find(tensor.name);
    if (weight == weight_norms.end() || weight->second <= 0) continue;
    keep_worst(largest, *norm / weight->second);
  }
  return temperature_of(largest, thresholds);
}

Oxygen oxygen(const HealthMetrics& metrics, const Thresholds& thresholds) {
  Oxygen sign;
  static_cast<SignalFlow&>(sign) = signal_flow(metrics);
  for (const LayerUnits& layer : metrics.units) {
    if (can_die(layer.activation)) keep_worst(sign.dead_unit_fraction, layer.dead_unit_fraction());
    if (can_saturate(layer.activation)) {
      keep_worst(sign.saturation_fraction, layer.saturation_fraction());
    }
  }
  sign.status = oxygen_status(sign, thresholds);
  return sign;
}

/// Sort key, worst last: abnormal status, then |log| of the value that decides it, then the fraction of
/// dead or saturated units.
std::tuple<bool, double, double> badness(const Oxygen& sign) {
  const std::optional<double>& told = sign.backward_factor ? sign.backward_factor
                                      : sign.block_factor  ? sign.block_factor
                                                           : sign.forward_gain;
  const bool is_abnormal = sign.status == VitalStatus::kLow || sign.status == VitalStatus::kHigh;
  const double units =
      std::max(sign.dead_unit_fraction.value_or(0.0), sign.saturation_fraction.value_or(0.0));
  return {is_abnormal, told ? std::fabs(std::log(*told)) : -1.0, units};
}

}  // namespace

HeartRate heart_rate_of(double log_norm_mad, std::int64_t spikes) {
  return {.log_norm_mad = log_norm_mad,
          .spikes = spikes,
          .status = spikes > 0 ? VitalStatus::kHigh : VitalStatus::kNormal};
}

Temperature temperature_of(std::optional<double> update_to_weight_ratio,
                           const Thresholds& thresholds) {
  return {.update_to_weight_ratio = update_to_weight_ratio,
          .status = status_of(update_to_weight_ratio, thresholds.update_ratio_low,
                              thresholds.update_ratio_high)};
}

Limits backward_factor_floor(const SignalFlow& flow, const Thresholds& t) {
  const std::optional<double>& spread = flow.relative_gradient_spread;
  const bool is_uneven = spread && *spread < t.uneven_spread;
  const bool activations_shrink =
      flow.forward_gain && *flow.forward_gain < t.shrinking_forward_gain;
  const bool is_steep = flow.factor_per_layer && *flow.factor_per_layer < t.steep_factor_per_layer;
  Limits floor = t.backward_factor_low;
  if (is_uneven) floor.warning = std::max(floor.warning, t.uneven_backward_factor);
  if (is_steep && !activations_shrink)
    floor.warning = std::max(floor.warning, t.steep_backward_factor);
  return floor;
}

Limits backward_factor_ceiling(const SignalFlow& flow, const Thresholds& t) {
  const bool gradients_are_large =
      flow.gradient_to_weight && *flow.gradient_to_weight > t.moving_gradient_to_weight;
  const bool activations_grow =
      flow.forward_gain && *flow.forward_gain > t.forward_gain_high.warning;
  if (gradients_are_large || activations_grow || !flow.gradient_to_weight) {
    return t.backward_factor_high;
  }
  constexpr double kNone = std::numeric_limits<double>::infinity();
  return {kNone, kNone};
}

std::string_view name(VitalStatus status) {
  switch (status) {
    case VitalStatus::kUnknown:
      return "unknown";
    case VitalStatus::kLow:
      return "low";
    case VitalStatus::kNormal:
      return "normal";
    case VitalStatus::kHigh:
      return "high";
  }
  return "unknown";
}

VitalSigns vital_signs(const HealthMetrics& metrics, const std::vector<GradientNorm>& gradients,
                       const Thresholds& thresholds) {
  // Heart rate needs a history: unknown for one visit.
  VitalSigns signs;
  signs.blood_pressure = blood_pressure(gradients, thresholds);
  signs.temperature = temperature(metrics, thresholds);
  signs.oxygen = oxygen(metrics, thresholds);
  return signs;
}

std::vector<ExaminedNetwork> examine_networks(const HealthMetrics& metrics,
                                              const Thresholds& thresholds) {
  std::vector<ExaminedNetwork> networks;
  std::vector<HealthMetrics> parts = split_networks(metrics);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    ExaminedNetwork& network = networks.emplace_back();
    network.name = metrics.networks[i];
    network.metrics = std::move(parts[i]);
    network.gradients = gradient_norms_of(network.metrics, thresholds);
    network.signs = vital_signs(network.metrics, network.gradients, thresholds);
    network.signs.blood_pressure.network = network.signs.oxygen.network = network.name;
  }
  return networks;
}

VitalSigns worst_signs(std::span<const ExaminedNetwork> networks) {
  VitalSigns worst = networks.front().signs;
  for (const ExaminedNetwork& network : networks.subspan(1)) {
    const VitalSigns& signs = network.signs;
    // An empty optional is less than any value.
    if (signs.blood_pressure.range_ratio > worst.blood_pressure.range_ratio) {
      worst.blood_pressure = signs.blood_pressure;
    }
    if (badness(worst.oxygen) < badness(signs.oxygen)) worst.oxygen = signs.oxygen;
    if (signs.temperature.update_to_weight_ratio > worst.temperature.update_to_weight_ratio) {
      worst.temperature = signs.temperature;
    }
  }
  return worst;
}

VitalSigns vital_signs(const HealthMetrics& metrics, const Thresholds& thresholds) {
  const std::vector<ExaminedNetwork> networks = examine_networks(metrics, thresholds);
  if (networks.empty()) {
    return vital_signs(metrics, gradient_norms_of(metrics, thresholds), thresholds);
  }
  return worst_signs(networks);
}

}  // namespace gradvitals
