#include "training/optimizer_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace gradvitals {
namespace {

constexpr std::array kOptimizerNames = {"sgd", "momentum", "adam", "adamw"};

bool has_moments(OptimizerKind kind) {
  return kind == OptimizerKind::kAdam || kind == OptimizerKind::kAdamW;
}

void check_decay_rate(const char* what, double value) {
  if (value >= 0.0 && value < 1.0) return;
  throw std::invalid_argument(fmt::format("OptimizerChoice: {} is {}, not in [0, 1)", what, value));
}

void check(const OptimizerChoice& choice) {
  if (choice.kind == OptimizerKind::kMomentum) check_decay_rate("momentum", choice.momentum);
  if (!has_moments(choice.kind)) return;
  check_decay_rate("beta1", choice.beta1);
  check_decay_rate("beta2", choice.beta2);
  if (!(choice.epsilon > 0.0 && std::isfinite(choice.epsilon))) {
    throw std::invalid_argument(
        fmt::format("OptimizerChoice: epsilon is {}, not positive and finite", choice.epsilon));
  }
  if (choice.kind != OptimizerKind::kAdamW) return;
  if (!(choice.weight_decay >= 0.0 && std::isfinite(choice.weight_decay))) {
    throw std::invalid_argument(fmt::format(
        "OptimizerChoice: weight_decay is {}, not 0 or more and finite", choice.weight_decay));
  }
}

}  // namespace

std::string_view name(OptimizerKind kind) {
  return kOptimizerNames.at(static_cast<std::size_t>(kind));
}

std::optional<OptimizerKind> parse_optimizer(std::string_view text) {
  for (std::size_t i = 0; i < kOptimizerNames.size(); ++i) {
    if (text == kOptimizerNames[i]) return static_cast<OptimizerKind>(i);
  }
  return std::nullopt;
}

double default_learning_rate(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::kSgd:
      return 0.1;
    case OptimizerKind::kMomentum:
      return 0.01;
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamW:
      break;
  }
  return 0.001;
}

RateRange float32_rates(const OptimizerChoice& choice) {
  double highest = std::numeric_limits<float>::max();
  if (has_moments(choice.kind)) highest *= 1.0 - choice.beta1;
  if (choice.kind == OptimizerKind::kAdamW && choice.weight_decay > 0.0) {
    highest = std::min(highest, std::numeric_limits<float>::max() / choice.weight_decay);
  }
  return {.lowest = std::numeric_limits<float>::min(), .highest = highest};
}

std::string summary(const OptimizerChoice& choice) {
  std::string text(name(choice.kind));
  if (choice.kind == OptimizerKind::kMomentum) {
    text += fmt::format(" {}{}", choice.momentum, choice.nesterov ? " nesterov" : "");
  }
  if (has_moments(choice.kind)) {
    text +=
        fmt::format(", beta1 {}, beta2 {}, epsilon {}", choice.beta1, choice.beta2, choice.epsilon);
  }
  if (choice.kind == OptimizerKind::kAdamW) {
    text += fmt::format(", weight decay {}", choice.weight_decay);
  }
  return text;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerChoice& choice) {
  check(choice);
  switch (choice.kind) {
    case OptimizerKind::kSgd:
      return std::make_unique<Sgd>();
    case OptimizerKind::kMomentum:
      return std::make_unique<Momentum>(
          Momentum::Options{.momentum = choice.momentum, .nesterov = choice.nesterov});
    case OptimizerKind::kAdam:
      return std::make_unique<Adam>(
          Adam::Options{.beta1 = choice.beta1, .beta2 = choice.beta2, .epsilon = choice.epsilon});
    case OptimizerKind::kAdamW:
      return std::make_unique<AdamW>(AdamW::Options{.beta1 = choice.beta1,
                                                    .beta2 = choice.beta2,
                                                    .epsilon = choice.epsilon,
                                                    .weight_decay = choice.weight_decay});
  }
  throw std::invalid_argument("OptimizerChoice: no such kind");
}

}  // namespace gradvitals
