#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "training/remedy_functions.h"
#include "training/scaling.h"

namespace gradvitals {
namespace {

/// Pascanu, Mikolov and Bengio 2013 clip to norms of the usual size; 1 is what most recipes have.
constexpr double kClippedNorm = 1.0;
constexpr double kRateFactor = 10.0;
constexpr std::int64_t kWarmUpShare = 5;

// Features within these limits are taken for standardised: no step would tell the difference.
constexpr double kLargestMean = 0.5;
constexpr double kSmallestDeviation = 0.5;
constexpr double kLargestDeviation = 2.0;

std::vector<double> widened(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

Scaling scaling_of(const TrainingData& data) {
  const std::vector<double> x = widened(data.training.x);
  return standardizing({.values = x, .cols = data.features}, all_rows(data.training.rows));
}

bool is_standardized(const Scaling& scaling) {
  for (std::size_t i = 0; i < scaling.shift.size(); ++i) {
    const double deviation = scaling.scale[i];
    const bool has_deviation =
        deviation == 0.0 || (deviation > kSmallestDeviation && deviation < kLargestDeviation);
    if (!has_deviation || std::abs(scaling.shift[i]) > kLargestMean) return false;
  }
  return true;
}

void scale_features(Samples& samples, const Scaling& scaling) {
  const std::vector<double> x = widened(samples.x);
  samples.x = scaled_rows({.values = x, .cols = std::ssize(scaling.shift)}, all_rows(samples.rows),
                          scaling);
}

RemedyResult with_rate(const TrainingPlan& plan, double base) {
  const RateRange range = float32_rates(plan.options.optimizer);
  const double first = base / static_cast<double>(std::max<std::int64_t>(
                                  plan.options.learning_rate.warmup_steps, 1));
  if (base > range.highest || first < range.lowest) return std::nullopt;
  TrainingPlan changed = plan;
  changed.options.learning_rate.base = base;
  return changed;
}

}  // namespace

RemedyResult standardize_inputs(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  const Scaling scaling = scaling_of(*plan.data);
  if (is_standardized(scaling)) return std::nullopt;
  TrainingData data = *plan.data;
  scale_features(data.training, scaling);
  scale_features(data.validation, scaling);
  TrainingPlan changed = plan;
  changed.data = std::make_shared<const TrainingData>(std::move(data));
  return changed;
}

RemedyResult clip_gradients(const TrainingPlan& plan, const GradientSymptoms& symptoms) {
  const bool is_large = symptoms.largest_norm > kClippedNorm || symptoms.has_nonfinite;
  if (!is_large || plan.controls.max_norm <= kClippedNorm) return std::nullopt;
  TrainingPlan changed = plan;
  changed.controls.max_norm = kClippedNorm;
  changed.controls.skips_nonfinite = true;
  return changed;
}

RemedyResult lower_learning_rate(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  return with_rate(plan, plan.options.learning_rate.base / kRateFactor);
}

RemedyResult raise_learning_rate(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  return with_rate(plan, plan.options.learning_rate.base * kRateFactor);
}

RemedyResult warm_up(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  const std::int64_t steps = plan.options.steps.value_or(0) / kWarmUpShare;
  if (steps < 2 || plan.options.learning_rate.warmup_steps > 0) return std::nullopt;
  TrainingPlan changed = plan;
  changed.options.learning_rate.warmup_steps = steps;
  return changed;
}

}  // namespace gradvitals
