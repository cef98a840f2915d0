#include "monitor/rules/rule_id.h"

namespace gradvitals {
namespace {

struct RuleNames {
  std::string_view number;
  std::string_view word;
};

/// A switch and no array: the compiler names the rule that is missing.
constexpr RuleNames names_of(RuleId rule) {
  switch (rule) {
    case RuleId::kNonFinite:
      return {"R1", "non_finite"};
    case RuleId::kUnderflow:
      return {"R21", "underflow"};
    case RuleId::kScaledNorm:
      return {"R25", "scaled_norm"};
    case RuleId::kZeroGradient:
      return {"R13", "zero_gradient"};
    case RuleId::kTwinUnits:
      return {"R23", "twin_units"};
    case RuleId::kDeadUnits:
      return {"R10", "dead_units"};
    case RuleId::kSaturation:
      return {"R11", "saturation"};
    case RuleId::kZeroUnits:
      return {"R24", "zero_units"};
    case RuleId::kBackwardFactor:
      return {"R2", "backward_factor"};
    case RuleId::kForwardGain:
      return {"R3", "forward_gain"};
    case RuleId::kGradientSpread:
      return {"R19", "gradient_spread"};
    case RuleId::kVanishedGradients:
      return {"R4", "vanished_gradients"};
    case RuleId::kCompleteFailure:
      return {"R6", "complete_failure"};
    case RuleId::kLargeGradients:
      return {"R8", "large_gradients"};
    case RuleId::kNormRange:
      return {"R9", "norm_range"};
    case RuleId::kNormChange:
      return {"R14", "norm_change"};
    case RuleId::kLossGrowth:
      return {"R17", "loss_growth"};
    case RuleId::kDrift:
      return {"R15", "drift"};
    case RuleId::kUpdateRatio:
      return {"R12", "update_ratio"};
    case RuleId::kUnchangedWeights:
      return {"R18", "unchanged_weights"};
    case RuleId::kWeakGradients:
      return {"R5", "weak_gradients"};
    case RuleId::kLossNotDecreasing:
      return {"R16", "loss_not_decreasing"};
    case RuleId::kInitialVariance:
      return {"R22", "initial_variance"};
    case RuleId::kNone:
      return {};
  }
  return {};
}

}  // namespace

std::string_view rule_number(RuleId rule) {
  return names_of(rule).number;
}

std::string_view rule_word(RuleId rule) {
  return names_of(rule).word;
}

}  // namespace gradvitals
