#include "monitor/rules/root_causes.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace gradvitals {
namespace {

/// "A finding of `cause` that speaks for `cause_verdict` brings about findings of `effect` that
/// speak for `effect_verdict`." No chain of them leads back to where it began.
struct Explanation {
  std::string_view cause;
  Verdict cause_verdict;
  std::string_view effect;
  Verdict effect_verdict;
};

using enum Verdict;

constexpr std::array kExplanations{
    // Gradients that shrink from layer to layer end up tiny, then zero, and far from those at the
    // output; the same small weights shrink the activations.
    Explanation{"R2", kVanishing, "R3", kVanishing},
    Explanation{"R2", kVanishing, "R4", kVanishing},
    Explanation{"R2", kVanishing, "R6", kVanishing},
    Explanation{"R2", kVanishing, "R13", kVanishing},
    Explanation{"R2", kVanishing, "R19", kVanishing},
    Explanation{"R2", kVanishing, "R9", kUnstable},
    Explanation{"R19", kVanishing, "R4", kVanishing},
    Explanation{"R19", kVanishing, "R9", kUnstable},
    // Large weights make both signals grow.
    Explanation{"R2", kExploding, "R3", kExploding},
    Explanation{"R2", kExploding, "R8", kExploding},
    Explanation{"R2", kExploding, "R9", kUnstable},
    // Kernel gradients are products of activations and deltas.
    Explanation{"R3", kVanishing, "R4", kVanishing},
    Explanation{"R3", kVanishing, "R6", kVanishing},
    Explanation{"R3", kVanishing, "R9", kUnstable},
    Explanation{"R3", kExploding, "R8", kExploding},
    Explanation{"R3", kExploding, "R9", kUnstable},
    // Units that pass no gradient starve everything behind them.
    Explanation{"R11", kSaturated, "R4", kVanishing},
    Explanation{"R11", kSaturated, "R6", kVanishing},
    Explanation{"R11", kSaturated, "R13", kVanishing},
    Explanation{"R11", kSaturated, "R24", kDead},
    Explanation{"R11", kSaturated, "R9", kUnstable},
    Explanation{"R10", kDead, "R2", kVanishing},
    Explanation{"R10", kDead, "R3", kVanishing},
    Explanation{"R10", kDead, "R4", kVanishing},
    Explanation{"R10", kDead, "R6", kVanishing},
    Explanation{"R10", kDead, "R13", kVanishing},
    Explanation{"R10", kDead, "R24", kDead},
    Explanation{"R10", kDead, "R24", kUnstable},
    Explanation{"R10", kDead, "R9", kUnstable},
    Explanation{"R24", kDead, "R19", kVanishing},
    // What one layer cuts off is missing everywhere before it.
    Explanation{"R13", kVanishing, "R3", kVanishing},
    Explanation{"R13", kVanishing, "R9", kUnstable},
    Explanation{"R13", kVanishing, "R24", kDead},
    // Equal units act as one of many times their weight.
    Explanation{"R23", kSymmetric, "R2", kExploding},
    Explanation{"R23", kSymmetric, "R2", kVanishing},
    Explanation{"R23", kSymmetric, "R3", kExploding},
    Explanation{"R23", kSymmetric, "R3", kVanishing},
    Explanation{"R23", kSymmetric, "R19", kVanishing},
    Explanation{"R23", kSymmetric, "R8", kExploding},
    Explanation{"R23", kSymmetric, "R10", kDead},
    Explanation{"R23", kSymmetric, "R4", kVanishing},
    // Values near zero are rounded to few, and to zero.
    Explanation{"R21", kVanishing, "R4", kVanishing},
    Explanation{"R21", kVanishing, "R6", kVanishing},
    Explanation{"R21", kVanishing, "R13", kVanishing},
    Explanation{"R21", kVanishing, "R23", kSymmetric},
    Explanation{"R21", kVanishing, "R24", kDead},
    Explanation{"R25", kVanishing, "R4", kVanishing},
    Explanation{"R25", kVanishing, "R6", kVanishing},
    // The same gradients, seen once more.
    Explanation{"R4", kVanishing, "R6", kVanishing},
    Explanation{"R4", kVanishing, "R9", kUnstable},
    Explanation{"R8", kExploding, "R9", kUnstable},
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
           (cause.rule == "R2" || cause.rule == "R3");
  }
  if (cause.verdict == kSaturated && !cause.at_head &&
      (effect.rule == "R2" || effect.rule == "R3")) {
    return true;
  }
  // Nothing else that is less bad and speaks for something else hides an explosion.
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

void group_by_root_cause(std::span<Finding> findings) {
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const std::size_t root = root_of(i, findings);
    if (root != i) findings[i].consequence_of = findings[root].rule;
  }
}

}  // namespace gradvitals
