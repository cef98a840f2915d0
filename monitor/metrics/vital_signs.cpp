#include "monitor/metrics/vital_signs.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "monitor/metrics/gradient_readings.h"
#include "monitor/metrics/unit_records.h"

namespace gradvitals {
namespace {

/// Two layers have one ratio, which says little about a trend.
constexpr std::int64_t kMinHiddenLayers = 3;

/// rms of the tensors of one role in the hidden layers, input side first. The layer nearest the
/// output is left out: its derivative belongs to the loss.
std::vector<double> hidden_rms(const HealthMetrics& metrics, Role role) {
  std::vector<const TensorRecord*> layers;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == role && tensor.layer >= 0 && tensor.exists) layers.push_back(&tensor);
  }
  std::ranges::stable_sort(layers, {}, &TensorRecord::layer);
  if (!layers.empty()) layers.pop_back();
  std::vector<double> rms;
  for (const TensorRecord* layer : layers) rms.push_back(layer->stats.rms());
  return rms;
}

/// (last / first)^(1/(H-1)), through logarithms because the ratio itself can leave float64.
std::optional<double> gain_per_layer(double first, double last, std::int64_t hidden_layers) {
  const auto usable = [](double rms) { return std::isfinite(rms) && rms > 0.0; };
  if (hidden_layers < kMinHiddenLayers || !usable(first) || !usable(last)) return std::nullopt;
  return std::exp((std::log(last) - std::log(first)) / static_cast<double>(hidden_layers - 1));
}

std::optional<double> backward_gain(const HealthMetrics& metrics) {
  const std::vector<double> rms = hidden_rms(metrics, Role::kDelta);
  if (rms.empty()) return std::nullopt;
  return gain_per_layer(rms.back(), rms.front(), std::ssize(rms));
}

std::optional<double> forward_gain(const HealthMetrics& metrics) {
  const std::vector<double> rms = hidden_rms(metrics, Role::kPreActivation);
  if (rms.empty()) return std::nullopt;
  return gain_per_layer(rms.front(), rms.back(), std::ssize(rms));
}

VitalStatus status_of(std::optional<double> value, double low, double high) {
  if (!value) return VitalStatus::kUnknown;
  if (*value < low) return VitalStatus::kLow;
  if (*value > high) return VitalStatus::kHigh;
  return VitalStatus::kNormal;
}

BloodPressure blood_pressure(const HealthMetrics& metrics, const Thresholds& thresholds) {
  BloodPressure sign;
  const std::vector<GradientReading> readings = gradient_readings(metrics);
  if (const auto range = nonzero_norm_range(readings)) sign.range_ratio = range->ratio();
  sign.status = status_of(sign.range_ratio, 0.0, thresholds.range_ratio.warning);
  return sign;
}

/// The backward gain speaks first, because it is what the gradients themselves do; the forward gain
/// where it is silent or normal.
VitalStatus oxygen_status(const Oxygen& sign, const Thresholds& t) {
  const VitalStatus backward =
      status_of(sign.backward_gain, t.backward_gain_low.warning, t.backward_gain_high.warning);
  const VitalStatus forward =
      status_of(sign.forward_gain, t.forward_gain_low.warning, t.forward_gain_high.warning);
  if (backward == VitalStatus::kLow || backward == VitalStatus::kHigh) return backward;
  return forward == VitalStatus::kUnknown ? backward : forward;
}

void keep_worst(std::optional<double>& worst, double value) {
  worst = std::max(worst.value_or(value), value);
}

Oxygen oxygen(const HealthMetrics& metrics, const Thresholds& thresholds) {
  Oxygen sign;
  sign.backward_gain = backward_gain(metrics);
  sign.forward_gain = forward_gain(metrics);
  for (const UnitRecord& layer : metrics.units) {
    if (can_die(layer.activation)) keep_worst(sign.dead_unit_fraction, layer.dead_unit_fraction());
    if (can_saturate(layer.activation)) {
      keep_worst(sign.saturation_fraction, layer.saturation_fraction());
    }
  }
  sign.status = oxygen_status(sign, thresholds);
  return sign;
}

}  // namespace

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

VitalSigns vital_signs(const HealthMetrics& metrics, const Thresholds& thresholds) {
  // Heart rate and temperature need a history and an update: unknown for one visit.
  VitalSigns signs;
  signs.blood_pressure = blood_pressure(metrics, thresholds);
  signs.oxygen = oxygen(metrics, thresholds);
  return signs;
}

}  // namespace gradvitals
