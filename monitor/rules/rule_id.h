// RuleId: which rule a finding is of, by its word and by the number that texts and documents use.
#pragma once

#include <cstdint>
#include <string_view>

namespace gradvitals {

/// In order of precedence: the rules of rule_table(), then what only several steps can show.
enum class RuleId : std::uint8_t {
  kNonFinite,
  kUnderflow,
  kScaledNorm,
  kZeroGradient,
  kTwinUnits,
  kDeadUnits,
  kSaturation,
  kZeroUnits,
  kBackwardFactor,
  kForwardGain,
  kGradientSpread,
  kVanishedGradients,
  kCompleteFailure,
  kLargeGradients,
  kNormRange,
  kNormChange,
  kLossGrowth,
  kDrift,
  kUpdateRatio,
  kUnchangedWeights,
  kWeakGradients,
  kLossNotDecreasing,
  kInitialVariance,
  kNone,  ///< No rule: a finding to which no check has given its own.
};

/// "R2": what texts for people and docs/rules.md call the rule. Empty for a value that is no rule.
std::string_view rule_number(RuleId rule);

/// "backward_factor": what programs that read the JSON call it. Empty for a value that is no rule.
std::string_view rule_word(RuleId rule);

}  // namespace gradvitals
