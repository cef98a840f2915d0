#include "training/learning_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace gradvitals {

std::string_view name(LearningRateDecay decay) {
  return decay == LearningRateDecay::kCosine ? "cosine" : "constant";
}

std::optional<LearningRateDecay> parse_learning_rate_decay(std::string_view text) {
  for (const auto decay : {LearningRateDecay::kConstant, LearningRateDecay::kCosine}) {
    if (text == name(decay)) return decay;
  }
  return std::nullopt;
}

double LearningRate::at(std::int64_t step, std::int64_t total_steps) const {
  if (step < warmup_steps) {
    return base * (static_cast<double>(step + 1) / static_cast<double>(warmup_steps));
  }
  if (decay == LearningRateDecay::kConstant) return base;
  // The first step behind the warm-up has the base rate, the last of all the floor.
  const std::int64_t way = total_steps - 1 - warmup_steps;
  if (way <= 0) return base;
  const double done = static_cast<double>(std::min(step - warmup_steps, way));
  const double share = 0.5 * (1.0 + std::cos(std::numbers::pi * done / static_cast<double>(way)));
  return floor + (base - floor) * share;
}

void check(const LearningRate& rate, const RateRange& range) {
  if (!(rate.base > 0.0 && std::isfinite(rate.base))) {
    throw std::invalid_argument(
        fmt::format("LearningRate: base is {}, not positive and finite", rate.base));
  }
  if (rate.warmup_steps < 0) {
    throw std::invalid_argument(
        fmt::format("LearningRate: warmup_steps is {}, not 0 or more", rate.warmup_steps));
  }
  const auto require_held = [&](const char* what, double value) {
    if (value >= range.lowest && value <= range.highest) return;
    throw std::invalid_argument(fmt::format(
        "LearningRate: {} is {:.3g}, not from {:.3g} to {:.3g}, with which float32 can make steps",
        what, value, range.lowest, range.highest));
  };
  require_held("base", rate.base);
  if (rate.warmup_steps > 0) {
    require_held("the first step of the warm-up, base / warmup_steps,", rate.at(0, 1));
  }
  if (!(rate.floor >= 0.0 && rate.floor <= rate.base)) {
    throw std::invalid_argument(fmt::format(
        "LearningRate: floor is {}, not from 0 to the base rate, {}", rate.floor, rate.base));
  }
}

std::string summary(const LearningRate& rate) {
  std::string text = fmt::format("{}", rate.base);
  if (rate.warmup_steps > 0) text += fmt::format(", warm-up of {} steps", rate.warmup_steps);
  if (rate.decay == LearningRateDecay::kCosine) text += fmt::format(", cosine to {}", rate.floor);
  return text;
}

}  // namespace gradvitals
