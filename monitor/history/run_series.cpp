#include "monitor/history/run_series.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "monitor/metrics/gradient_norms.h"

namespace gradvitals {
namespace {

constexpr std::size_t kLeastPoints = 32;

bool is_in_series(Role role) {
  return role == Role::kGradient || role == Role::kDelta || role == Role::kPreActivation;
}

Name network_of(const HealthMetrics& metrics, int network) {
  return metrics.networks.empty() ? Name() : metrics.networks.at(static_cast<std::size_t>(network));
}

SeriesTensor tensor_of(const TensorRecord& record, Name network) {
  return {.name = record.name,
          .network = std::move(network),
          .role = record.role,
          .layer = record.layer,
          .rows = record.rows,
          .cols = record.cols,
          .dtype = record.dtype};
}

std::optional<double> finite_norm(const TensorRecord& record) {
  if (!record.exists || record.stats.count == 0 || record.stats.nonfinite_count() > 0) return {};
  if (record.role != Role::kUpdateSquares) return record.stats.l2_norm();
  return std::sqrt(std::max(record.stats.sum, 0.0));
}

/// Weights and updates tell of the gradient of their name.
void see_companion(const TensorRecord& record, SeriesTensor& gradient) {
  if (record.role == Role::kWeight) {
    gradient.weight_norm = finite_norm(record);
  } else {
    gradient.update_norm = finite_norm(record);
  }
}

}  // namespace

void NormSpan::add(const NormSpan& later) {
  nonfinite += later.nonfinite;
  missing += later.missing;
  if (later.finite == 0) return;
  min = finite == 0 ? later.min : std::min(min, later.min);
  max = finite == 0 ? later.max : std::max(max, later.max);
  last = later.last;
  finite += later.finite;
}

VitalReadings readings_of(const VitalSigns& signs) {
  return {.norm_range = signs.blood_pressure.range_ratio,
          .stability = signs.heart_rate.log_norm_mad,
          .update_ratio = signs.temperature.update_to_weight_ratio,
          .backward_factor = signs.oxygen.backward_factor,
          .forward_gain = signs.oxygen.forward_gain,
          .gradient_spread = signs.oxygen.relative_gradient_spread,
          .dead_unit_fraction = signs.oxygen.dead_unit_fraction,
          .saturation_fraction = signs.oxygen.saturation_fraction};
}

RunSeries::RunSeries(const SeriesOptions& options) : options_(options) {
  if (options.points < kLeastPoints || options.points % 2 != 0) {
    throw std::invalid_argument("RunSeries: takes an even number of points, 32 or more");
  }
}

std::size_t RunSeries::most_points() const {
  if (tensors_.empty()) return options_.points;
  const std::size_t held = options_.values / tensors_.size() / 2 * 2;
  return std::clamp(held, kLeastPoints, options_.points);
}

bool RunSeries::fits_places(const HealthMetrics& metrics) const {
  // The role decides where a name stands for more than one tensor.
  return std::ranges::equal(
      metrics.tensors, places_, [this](const auto& record, const auto& place) {
        return record.role == place.role &&
               record.name == names_[static_cast<std::size_t>(&place - places_.data())];
      });
}

std::size_t RunSeries::place_of(const Name& network, Role role, const Name& name) {
  return index_.try_emplace({role, {network, name}}, tensors_.size()).first->second;
}

void RunSeries::find_places(const HealthMetrics& metrics) {
  names_.clear();
  places_.clear();
  for (const TensorRecord& record : metrics.tensors) {
    names_.push_back(record.name);
    Place& place = places_.emplace_back();
    place.role = record.role;
    if (!is_in_series(record.role)) continue;
    const Name network = network_of(metrics, record.network);
    place.tensor = place_of(network, record.role, record.name);
    if (*place.tensor == tensors_.size()) tensors_.push_back(tensor_of(record, network));
  }
  // Of what comes before its gradient as well.
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const TensorRecord& record = metrics.tensors[i];
    if (record.role != Role::kWeight && record.role != Role::kUpdate &&
        record.role != Role::kUpdateSquares) {
      continue;
    }
    const auto gradient =
        index_.find({Role::kGradient, {network_of(metrics, record.network), record.name}});
    if (gradient != index_.end()) places_[i].tensor = gradient->second;
  }
}

void RunSeries::see_norm(double norm, std::int64_t step, SeriesTensor& tensor, NormSpan& range) {
  tensor.last_step = step;
  tensor.last_norm = norm;
  if (!std::isfinite(norm)) {
    range.nonfinite = 1;
    if (!tensor.first_nonfinite_step) tensor.first_nonfinite_step = step;
    return;
  }
  range = {.min = norm, .max = norm, .last = norm, .finite = 1};
  if (tensor.max_norm && *tensor.max_norm >= norm) return;
  tensor.max_norm = norm;
  tensor.max_norm_step = step;
}

void RunSeries::see_tensor(const TensorRecord& record, std::int64_t step, SeriesTensor& tensor,
                           NormSpan& range) {
  tensor.exists = record.exists;
  tensor.last = record.stats;
  if (record.exists) {
    see_norm(record.stats.ieee_norm(), step, tensor, range);
    return;
  }
  tensor.last_step = step;
  tensor.last_norm = 0.0;
  range.missing = 1;
}

SeriesPoint RunSeries::point_of(const HealthMetrics& metrics, const StepContext& context,
                                const VitalSigns& signs) {
  SeriesPoint point;
  const std::int64_t step = metrics.step.value_or(steps_);
  point.steps = interval_of(metrics, context, step);
  point.signs = readings_of(signs);
  if (!fits_places(metrics)) find_places(metrics);
  point.tensors.resize(tensors_.size());
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (!place.tensor) continue;
    if (is_in_series(place.role)) {
      see_tensor(metrics.tensors[i], step, tensors_[*place.tensor], point.tensors[*place.tensor]);
    } else {
      see_companion(metrics.tensors[i], tensors_[*place.tensor]);
    }
  }
  if (!metrics.tensors.empty()) return point;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    if (is_total_norm(metrics, i)) continue;
    const Name name = norm_name(metrics, i);
    const std::size_t place = place_of({}, Role::kGradient, name);
    if (place == tensors_.size()) {
      tensors_.push_back({.name = name, .is_known_by_norm = true});
      point.tensors.resize(tensors_.size());
    }
    see_norm(metrics.gradient_norms[i], step, tensors_[place], point.tensors[place]);
  }
  return point;
}

void RunSeries::add(const HealthMetrics& metrics, const StepContext& context,
                    const VitalSigns& signs) {
  SeriesPoint added = point_of(metrics, context, signs);
  ++steps_;
  if (!points_.empty() && points_.back().steps.steps < steps_per_point_) {
    points_.back().add(added);
    return;
  }
  while (points_.size() >= most_points()) halve_points();
  points_.push_back(std::move(added));
}

void SeriesPoint::add(const SeriesPoint& later) {
  steps.add(later.steps);
  signs = later.signs;
  tensors.resize(std::max(tensors.size(), later.tensors.size()));
  for (std::size_t i = 0; i < later.tensors.size(); ++i) tensors[i].add(later.tensors[i]);
}

void RunSeries::halve_points() {
  const std::size_t pairs = points_.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    if (i > 0) points_[i] = std::move(points_[2 * i]);
    points_[i].add(points_[2 * i + 1]);
  }
  if (points_.size() % 2 != 0) {
    points_[pairs] = std::move(points_.back());
    points_.resize(pairs + 1);
  } else {
    points_.resize(pairs);
  }
  steps_per_point_ *= 2;
}

}  // namespace gradvitals
