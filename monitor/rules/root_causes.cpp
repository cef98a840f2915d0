#include "monitor/rules/root_causes.h"

#include <algorithm>
#include <array>
#include <vector>

namespace gradvitals {
namespace {

/// A finding of rule `cause` and verdict `cause_verdict` explains findings of rule `effect` and
/// verdict `effect_verdict`. No chain of explanations leads back to where it began.
struct Explanation {
  RuleId cause;
  Verdict cause_verdict;
  RuleId effect;
  Verdict effect_verdict;
};

using enum Verdict;

constexpr std::array kExplanations{
    // Gradients that shrink from layer to layer end up tiny, then zero, and far from those at the
    // output; the same small weights shrink the activations.
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kForwardGain, kVanishing},
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kVanishedGradients, kVanishing},
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kCompleteFailure, kVanishing},
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kZeroGradient, kVanishing},
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kGradientSpread, kVanishing},
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kNormRange, kUnstable},
    Explanation{RuleId::kGradientSpread, kVanishing, RuleId::kVanishedGradients, kVanishing},
    Explanation{RuleId::kGradientSpread, kVanishing, RuleId::kNormRange, kUnstable},
    // Large weights make both signals grow.
    Explanation{RuleId::kBackwardFactor, kExploding, RuleId::kForwardGain, kExploding},
    Explanation{RuleId::kBackwardFactor, kExploding, RuleId::kLargeGradients, kExploding},
    Explanation{RuleId::kBackwardFactor, kExploding, RuleId::kNormRange, kUnstable},
    // Kernel gradients are products of activations and deltas.
    Explanation{RuleId::kForwardGain, kVanishing, RuleId::kVanishedGradients, kVanishing},
    Explanation{RuleId::kForwardGain, kVanishing, RuleId::kCompleteFailure, kVanishing},
    Explanation{RuleId::kForwardGain, kVanishing, RuleId::kNormRange, kUnstable},
    Explanation{RuleId::kForwardGain, kExploding, RuleId::kLargeGradients, kExploding},
    Explanation{RuleId::kForwardGain, kExploding, RuleId::kNormRange, kUnstable},
    // Units that pass no gradient starve everything behind them.
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kVanishedGradients, kVanishing},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kCompleteFailure, kVanishing},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kZeroGradient, kVanishing},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kZeroUnits, kDead},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kNormRange, kUnstable},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kBackwardFactor, kVanishing},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kForwardGain, kVanishing},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kVanishedGradients, kVanishing},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kCompleteFailure, kVanishing},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kZeroGradient, kVanishing},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kZeroUnits, kDead},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kZeroUnits, kUnstable},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kNormRange, kUnstable},
    Explanation{RuleId::kZeroUnits, kDead, RuleId::kGradientSpread, kVanishing},
    // What one layer cuts off is missing everywhere before it.
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kForwardGain, kVanishing},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kNormRange, kUnstable},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kZeroUnits, kDead},
    // Equal units act as one of many times their weight.
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kBackwardFactor, kExploding},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kBackwardFactor, kVanishing},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kForwardGain, kExploding},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kForwardGain, kVanishing},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kGradientSpread, kVanishing},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kLargeGradients, kExploding},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kDeadUnits, kDead},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kVanishedGradients, kVanishing},
    // Values near zero are rounded to few, and to zero.
    Explanation{RuleId::kUnderflow, kVanishing, RuleId::kVanishedGradients, kVanishing},
    Explanation{RuleId::kUnderflow, kVanishing, RuleId::kCompleteFailure, kVanishing},
    Explanation{RuleId::kUnderflow, kVanishing, RuleId::kZeroGradient, kVanishing},
    Explanation{RuleId::kUnderflow, kVanishing, RuleId::kTwinUnits, kSymmetric},
    Explanation{RuleId::kUnderflow, kVanishing, RuleId::kZeroUnits, kDead},
    Explanation{RuleId::kScaledNorm, kVanishing, RuleId::kVanishedGradients, kVanishing},
    Explanation{RuleId::kScaledNorm, kVanishing, RuleId::kCompleteFailure, kVanishing},
    // Two rules find the same gradients.
    Explanation{RuleId::kVanishedGradients, kVanishing, RuleId::kCompleteFailure, kVanishing},
    Explanation{RuleId::kVanishedGradients, kVanishing, RuleId::kNormRange, kUnstable},
    Explanation{RuleId::kLargeGradients, kExploding, RuleId::kNormRange, kUnstable},
    // Over time. Steps that are too large throw the loss out of its valley, and gradients with it.
    Explanation{RuleId::kUpdateRatio, kExploding, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kUpdateRatio, kExploding, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kUpdateRatio, kExploding, RuleId::kDrift, kUnstable},
    Explanation{RuleId::kBackwardFactor, kExploding, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kBackwardFactor, kExploding, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kForwardGain, kExploding, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kForwardGain, kExploding, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kLargeGradients, kExploding, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kNormChange, kUnstable, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kNormChange, kUnstable, RuleId::kDrift, kUnstable},
    Explanation{RuleId::kLossGrowth, kExploding, RuleId::kDrift, kUnstable},
    Explanation{RuleId::kUpdateRatio, kExploding, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kNormChange, kUnstable, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kLossGrowth, kExploding, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kDrift, kUnstable, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kBackwardFactor, kExploding, RuleId::kLossNotDecreasing, kStalled},
    // A layer that breaks throws the loss up, and the gradients behind it.
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kDrift, kUnstable},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kDrift, kUnstable},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kDrift, kUnstable},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kUpdateRatio, kExploding},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kNormChange, kUnstable},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kLossGrowth, kExploding},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kDrift, kUnstable},
    // Where no gradient comes through, nothing is learnt.
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kWeakGradients, kVanishing},
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kBackwardFactor, kVanishing, RuleId::kUpdateRatio, kStalled},
    Explanation{RuleId::kGradientSpread, kVanishing, RuleId::kWeakGradients, kVanishing},
    Explanation{RuleId::kGradientSpread, kVanishing, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kVanishedGradients, kVanishing, RuleId::kWeakGradients, kVanishing},
    Explanation{RuleId::kVanishedGradients, kVanishing, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kVanishedGradients, kVanishing, RuleId::kNormChange, kVanishing},
    Explanation{RuleId::kCompleteFailure, kVanishing, RuleId::kWeakGradients, kVanishing},
    Explanation{RuleId::kCompleteFailure, kVanishing, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kWeakGradients, kVanishing, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kNormChange, kVanishing},
    Explanation{RuleId::kZeroGradient, kVanishing, RuleId::kWeakGradients, kVanishing},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kWeakGradients, kVanishing},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kDeadUnits, kDead, RuleId::kNormChange, kVanishing},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kWeakGradients, kVanishing},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kSaturation, kSaturated, RuleId::kNormChange, kVanishing},
    Explanation{RuleId::kTwinUnits, kSymmetric, RuleId::kLossNotDecreasing, kStalled},
    // Steps that change nothing.
    Explanation{RuleId::kUnchangedWeights, kStalled, RuleId::kUpdateRatio, kStalled},
    Explanation{RuleId::kUnchangedWeights, kStalled, RuleId::kLossNotDecreasing, kStalled},
    Explanation{RuleId::kUpdateRatio, kStalled, RuleId::kLossNotDecreasing, kStalled},
};

bool explains(const Finding& cause, const Finding& effect) {
  // What merely informs brings nothing about.
  if (cause.severity < Severity::kWarning) return false;
  if (!may_explain(cause, effect)) return false;
  // What was computed from NaN or Inf has no meaning of its own.
  if (cause.verdict == kNonFinite) return effect.verdict != kNoGradient && &cause != &effect;
  // Activations that grow drive a head to its ends. Hidden units at their ends are no consequence:
  // there the derivative is gone, and what weights make of the rest grows or shrinks.
  if (effect.verdict == kSaturated) {
    return effect.at_head && cause.verdict == kExploding &&
           (cause.rule == RuleId::kBackwardFactor || cause.rule == RuleId::kForwardGain);
  }
  if (cause.verdict == kSaturated && !cause.at_head &&
      (effect.rule == RuleId::kBackwardFactor || effect.rule == RuleId::kForwardGain)) {
    return true;
  }
  // Otherwise a finding of lower severity and another verdict does not hide an explosion.
  if (effect.verdict == kExploding && effect.severity == Severity::kCritical &&
      cause.severity < effect.severity && cause.verdict != kExploding) {
    return false;
  }
  return std::ranges::any_of(kExplanations, [&](const Explanation& e) {
    return e.cause == cause.rule && e.cause_verdict == cause.verdict && e.effect == effect.rule &&
           e.effect_verdict == effect.verdict;
  });
}

/// The first finding that nothing explains and from which explanations lead to this one.
std::size_t root_of(std::size_t effect, std::span<const Finding> findings) {
  std::vector<bool> is_seen(findings.size(), false);
  std::vector<std::size_t> open{effect};
  std::size_t root = findings.size();
  is_seen[effect] = true;
  while (!open.empty()) {
    const std::size_t current = open.back();
    open.pop_back();
    bool is_explained = false;
    for (std::size_t cause = 0; cause < findings.size(); ++cause) {
      if (cause == current || !explains(findings[cause], findings[current])) continue;
      is_explained = true;
      if (is_seen[cause]) continue;
      is_seen[cause] = true;
      open.push_back(cause);
    }
    if (!is_explained) root = std::min(root, current);
  }
  return root;
}

}  // namespace

bool may_explain(const Finding& cause, const Finding& effect) {
  return cause.network.empty() || cause.network == effect.network;
}

bool is_named_cause(const Finding& cause, const Finding& effect) {
  return effect.consequence_of == cause.rule && may_explain(cause, effect);
}

void group_by_root_cause(std::span<Finding> findings) {
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const std::size_t root = root_of(i, findings);
    if (root != i) findings[i].consequence_of = findings[root].rule;
  }
}

}  // namespace gradvitals
