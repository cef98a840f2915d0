#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "monitor/rules/checks.h"
#include "monitor/rules/rule.h"

namespace gradvitals {
namespace {

constexpr std::array kRules{
    Rule{"R1", "NaN or Inf", "TensorFlow check_numerics, SageMaker Debugger, Megatron-LM",
         check_non_finite},
    Rule{"R2", "Backward gain per hidden layer", "measured on the three networks of compare",
         check_backward_gain},
    Rule{"R3", "Forward gain per hidden layer",
         "SageMaker PoorWeightInitialization, TheDeepChecker", check_forward_gain},
    Rule{"R11", "Saturated units", "DeepDiagnosis, SageMaker SaturatedActivation",
         check_saturation},
    Rule{"R10", "Dead relu units", "torchdiag, SageMaker DeadRelu", check_dead_units},
    Rule{"R4", "Vanished gradients",
         "seed notebook; rms: SageMaker VanishingGradient, DeepDiagnosis",
         check_vanished_gradients},
    Rule{"R6", "Complete failure", "seed notebook (listed there, never coded)",
         check_complete_failure},
    Rule{"R13", "Zero or missing gradients", "AutoTrainer, SageMaker AllZero",
         check_zero_gradients},
    Rule{"R8", "Large gradients", "seed notebook, torchdiag", check_large_gradients},
    Rule{"R9", "Range of gradient norms", "seed notebook, without its 1e-10", check_norm_range},
};

}  // namespace

std::span<const Rule> rule_table() {
  return kRules;
}

Severity severity_above(double value, Limits limits) {
  if (value > limits.critical) return Severity::kCritical;
  return value > limits.warning ? Severity::kWarning : Severity::kOk;
}

Severity severity_below(double value, Limits limits) {
  if (value < limits.critical) return Severity::kCritical;
  return value < limits.warning ? Severity::kWarning : Severity::kOk;
}

double limit_of(Limits limits, Severity severity) {
  return severity == Severity::kCritical ? limits.critical : limits.warning;
}

std::string times(double factor) {
  return factor < 1000.0 ? fmt::format("{:.1f}x", factor) : fmt::format("{:.1e}x", factor);
}

std::string_view plural(std::int64_t count, std::string_view one, std::string_view many) {
  return count == 1 ? one : many;
}

std::string list_names(std::span<const std::string> names) {
  constexpr std::size_t kShown = 3;
  std::string text;
  const std::size_t shown = std::min(names.size(), kShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const bool is_last = i + 1 == names.size();
    if (i > 0) text += is_last ? " and " : ", ";
    text += names[i];
  }
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace gradvitals
