// OptimizerChoice: an optimizer by name, with its settings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "framework/optimizers.h"

namespace gradvitals {

enum class OptimizerKind : std::uint8_t { kSgd, kMomentum, kAdam, kAdamW };

/// "sgd", "momentum", "adam" or "adamw".
std::string_view name(OptimizerKind kind);

/// The inverse of name(); empty where the text names no optimizer.
std::optional<OptimizerKind> parse_optimizer(std::string_view text);

/// One that usually trains a small network within minutes.
double default_learning_rate(OptimizerKind kind);

/// Settings that the kind does not have are not looked at. The learning rate is not among them:
/// learning_rate.h.
struct OptimizerChoice {
  OptimizerKind kind = OptimizerKind::kAdam;
  double momentum = 0.9;       ///< Of momentum, in [0, 1).
  bool nesterov = false;       ///< Of momentum.
  double beta1 = 0.9;          ///< Of adam and adamw.
  double beta2 = 0.999;        ///< Of adam and adamw.
  double epsilon = 1e-8;       ///< Of adam and adamw.
  double weight_decay = 0.01;  ///< Of adamw.
};

/// Learning rates with which all factors of a step are numbers that float32 holds.
struct RateRange {
  double lowest = 0.0;  ///< The least normal number: what is below may be 0 on a device.
  double highest =
      0.0;  ///< Adam's steps have the rate / (1 - beta1), AdamW's the rate * weight_decay too.
};
RateRange float32_rates(const OptimizerChoice& choice);

/// "adam, beta1 0.9, beta2 0.999, epsilon 1e-08": what it has, every number exact.
std::string summary(const OptimizerChoice& choice);

/// Throws std::invalid_argument naming a setting that is out of range.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerChoice& choice);

}  // namespace gradvitals
