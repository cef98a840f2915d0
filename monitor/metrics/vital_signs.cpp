#include "monitor/metrics/vital_signs.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "monitor/metrics/gradient_readings.h"
#include "monitor/metrics/unit_records.h"

namespace gradvitals {
namespace {

/// Two layers have one ratio, which says little about a trend.
constexpr int kMinHiddenLayers = 3;

/// The first and the last hidden layer with a tensor of one role: those between may have none.
struct HiddenSpan {
  const TensorRecord* first = nullptr;
  const TensorRecord* last = nullptr;

  int hidden_layers() const { return first == nullptr ? 0 : last->layer - first->layer + 1; }
};

/// The layer nearest the output is left out: its derivative belongs to the loss.
HiddenSpan hidden_span(const HealthMetrics& metrics, Role role) {
  int head = -1;
  for (const TensorRecord& tensor : metrics.tensors) head = std::max(head, tensor.layer);
  HiddenSpan span;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != role || !tensor.exists || tensor.layer < 0 || tensor.layer == head) continue;
    if (span.first == nullptr || tensor.layer < span.first->layer) span.first = &tensor;
    if (span.last == nullptr || tensor.layer > span.last->layer) span.last = &tensor;
  }
  return span;
}

/// log(last / first) / (H-1): the ratio itself can leave float64.
std::optional<double> log_growth_per_layer(const HealthMetrics& metrics, Role role) {
  const HiddenSpan span = hidden_span(metrics, role);
  if (span.hidden_layers() < kMinHiddenLayers) return std::nullopt;
  const double first = span.first->stats.rms(), last = span.last->stats.rms();
  const auto usable = [](double rms) { return std::isfinite(rms) && rms > 0.0; };
  if (!usable(first) || !usable(last)) return std::nullopt;
  return (std::log(last) - std::log(first)) / (span.hidden_layers() - 1);
}

std::optional<double> backward_gain(const HealthMetrics& metrics) {
  const std::optional<double> growth = log_growth_per_layer(metrics, Role::kDelta);
  return growth ? std::optional(std::exp(-*growth)) : std::nullopt;
}

std::optional<double> forward_gain(const HealthMetrics& metrics) {
  const std::optional<double> growth = log_growth_per_layer(metrics, Role::kPreActivation);
  return growth ? std::optional(std::exp(*growth)) : std::nullopt;
}

VitalStatus status_of(std::optional<double> value, double low, double high) {
  if (!value) return VitalStatus::kUnknown;
  if (*value < low) return VitalStatus::kLow;
  if (*value > high) return VitalStatus::kHigh;
  return VitalStatus::kNormal;
}

BloodPressure blood_pressure(const HealthMetrics& metrics, const Thresholds& thresholds) {
  BloodPressure sign;
  const std::vector<GradientReading> readings = gradient_readings(metrics, thresholds);
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
