// LearningRate: the learning rate of every step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "training/optimizer_choice.h"

namespace gradvitals {

enum class LearningRateDecay : std::uint8_t {
  kConstant,
  /// Half a cosine from the end of the warm-up to the last step (Loshchilov and Hutter 2017).
  kCosine,
};

/// "constant" or "cosine".
std::string_view name(LearningRateDecay decay);

/// The inverse of name(); empty where the text names none.
std::optional<LearningRateDecay> parse_learning_rate_decay(std::string_view text);

struct LearningRate {
  double base = 1e-3;             ///< Above 0.
  std::int64_t warmup_steps = 0;  ///< Step s of them has base * (s + 1) / warmup_steps.
  LearningRateDecay decay = LearningRateDecay::kConstant;
  double floor = 0.0;  ///< Of the cosine: the rate of the last step; at most base.

  /// Of step `step` of `total_steps`, from 0; that of the last for one beyond. Pure.
  double at(std::int64_t step, std::int64_t total_steps) const;
};

/// Throws std::invalid_argument naming the setting that is out of range: float32 has to hold the
/// rate of every step, where the schedule does not end at 0.
void check(const LearningRate& rate, const RateRange& range);

/// "0.001, warm-up 100 steps, cosine to 0": every number exact.
std::string summary(const LearningRate& rate);

}  // namespace gradvitals
