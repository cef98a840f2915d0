// Vital signs: the four readings of the medical check-up, each a number and a status.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/signal_flow.h"
#include "monitor/metrics/thresholds.h"

namespace gradvitals {

/// kUnknown: the sign cannot be computed from what was examined.
enum class VitalStatus : std::uint8_t { kUnknown, kLow, kNormal, kHigh };

/// "unknown", "low", "normal" or "high".
std::string_view name(VitalStatus status);

/// Gradient magnitude range: largest over smallest nonzero gradient norm.
struct BloodPressure {
  std::string network;  ///< The worst of several; empty where there is one.
  std::optional<double> range_ratio;
  VitalStatus status = VitalStatus::kUnknown;
};

/// Gradient stability over a window of steps; needs a history.
struct HeartRate {
  std::optional<double> log_norm_mad;
  std::optional<std::int64_t> spikes;
  VitalStatus status = VitalStatus::kUnknown;
};

/// Learning-rate effectiveness: norm(applied update) / norm(weight), the largest of the kernels whose
/// weight and update were watched (roles weight and update or update_squares, of one name); over
/// several steps, the median of that. Normal within R12's limits.
struct Temperature {
  std::optional<double> update_to_weight_ratio;
  VitalStatus status = VitalStatus::kUnknown;
};

/// Information flow through the hidden layers.
struct Oxygen : SignalFlow {
  std::string network;                        ///< As in BloodPressure; all is of this one.
  std::optional<double> dead_unit_fraction;   ///< of the worst relu layer
  std::optional<double> saturation_fraction;  ///< of the worst sigmoid or tanh layer
  VitalStatus status = VitalStatus::kUnknown;
};

struct VitalSigns {
  BloodPressure blood_pressure;
  HeartRate heart_rate;
  Temperature temperature;
  Oxygen oxygen;
};

/// Of the spread of log10 of the norm of all gradients over a window, its median absolute deviation in
/// decades, and the spikes (R14) in it: high where there is one.
HeartRate heart_rate_of(double log_norm_mad, std::int64_t spikes);
Temperature temperature_of(std::optional<double> update_to_weight_ratio,
                           const Thresholds& thresholds);

/// The limits of backward_factor for this network, which depend on its other signals (thresholds.h).
Limits backward_factor_floor(const SignalFlow& flow, const Thresholds& thresholds);
Limits backward_factor_ceiling(const SignalFlow& flow, const Thresholds& thresholds);

/// Of one network; `gradients` are its gradient_norms_of().
VitalSigns vital_signs(const HealthMetrics& metrics, const std::vector<GradientNorm>& gradients,
                       const Thresholds& thresholds);

/// One of several networks that were examined together, and what is computed from it once.
struct ExaminedNetwork {
  std::string name;
  HealthMetrics metrics;
  std::vector<GradientNorm> gradients;
  VitalSigns signs;  ///< They name the network.
};

/// None where there is one network.
std::vector<ExaminedNetwork> examine_networks(const HealthMetrics& metrics,
                                              const Thresholds& thresholds);

/// For each sign, all values of the network that is worst by it. `networks` is not empty.
VitalSigns worst_signs(std::span<const ExaminedNetwork> networks);

/// From the metrics of one network or of several.
VitalSigns vital_signs(const HealthMetrics& metrics, const Thresholds& thresholds);

}  // namespace gradvitals
