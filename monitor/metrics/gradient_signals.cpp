#include "monitor/metrics/gradient_signals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace gradvitals {

std::optional<double> cosine_of(const TensorDots& pair) {
  // Apart, because the product of two squares of norms may leave float64's range.
  const double norms = std::sqrt(pair.x_sum_squares) * std::sqrt(pair.y_sum_squares);
  if (!(norms > 0.0 && std::isfinite(norms) && std::isfinite(pair.dot))) return std::nullopt;
  return std::clamp(pair.dot / norms, -1.0, 1.0);
}

TensorDots sum_of_dots(std::span<const TensorDots> pairs) {
  TensorDots sum;
  for (const TensorDots& pair : pairs) sum += pair;
  return sum;
}

std::optional<NoiseEstimate> noise_estimate(const TensorDots& halves, std::int64_t batch) {
  if (batch < 2 || batch % 2 != 0) {
    throw std::invalid_argument(fmt::format(
        "noise_estimate: a batch of {} has no two halves; give an even one of 2 or more", batch));
  }
  const double squares = halves.x_sum_squares + halves.y_sum_squares;
  if (!std::isfinite(squares) || !std::isfinite(halves.dot)) return std::nullopt;
  // Below 0 by rounding alone, where the halves are alike.
  const double difference = std::max(squares - 2.0 * halves.dot, 0.0);
  const NoiseEstimate estimate = {
      .gradient_square = halves.dot,
      .covariance_trace = static_cast<double>(batch) / 4.0 * difference};
  if (!std::isfinite(estimate.covariance_trace)) return std::nullopt;
  return estimate;
}

void NoiseScale::add(const NoiseEstimate& estimate) {
  sum_.gradient_square = kDecay * sum_.gradient_square + estimate.gradient_square;
  sum_.covariance_trace = kDecay * sum_.covariance_trace + estimate.covariance_trace;
  ++estimates_;
}

std::optional<double> NoiseScale::value() const {
  if (!(sum_.gradient_square > 0.0)) return std::nullopt;
  const double scale = sum_.covariance_trace / sum_.gradient_square;
  if (!std::isfinite(scale)) return std::nullopt;
  return scale;
}

std::string batch_advice(double noise_scale, std::int64_t batch) {
  constexpr double kFar = 4.0;
  const double ratio = noise_scale / static_cast<double>(batch);
  if (ratio > kFar) {
    return fmt::format(
        "noise rules batches of {}: a batch k times as large needs almost k times fewer steps",
        batch);
  }
  if (ratio < 1.0 / kFar) {
    return fmt::format(
        "batches of {} hold little noise: smaller ones would learn almost as much per step", batch);
  }
  return fmt::format("batches of {} are a fair trade between samples and steps", batch);
}

}  // namespace gradvitals
