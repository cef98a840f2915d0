#include "monitor/rules/folding.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace gradvitals {
namespace {

/// "A finding of `cause` that speaks for `cause_verdict` brings about findings of `effect` that
/// speak for `effect_verdict`."
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
    Explanation{"R2", kVanishing, "R9", kUnstable},
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
    // Activations that grow drive sigmoids to their ends.
    Explanation{"R3", kExploding, "R11", kSaturated},
    // Units that pass no gradient starve everything behind them.
    Explanation{"R11", kSaturated, "R4", kVanishing},
    Explanation{"R11", kSaturated, "R6", kVanishing},
    Explanation{"R11", kSaturated, "R13", kVanishing},
    Explanation{"R11", kSaturated, "R9", kUnstable},
    Explanation{"R10", kDead, "R4", kVanishing},
    Explanation{"R10", kDead, "R6", kVanishing},
    Explanation{"R10", kDead, "R13", kVanishing},
    Explanation{"R10", kDead, "R9", kUnstable},
    // The same gradients, seen once more.
    Explanation{"R4", kVanishing, "R6", kVanishing},
    Explanation{"R4", kVanishing, "R13", kVanishing},
    Explanation{"R4", kVanishing, "R9", kUnstable},
    Explanation{"R8", kExploding, "R9", kUnstable},
};

bool explains(const Finding& cause, const Finding& effect) {
  // What was computed from NaN or Inf has no meaning of its own.
  if (cause.verdict == kNonFinite) return effect.verdict != kNoGradient;
  return std::ranges::any_of(kExplanations, [&](const Explanation& e) {
    return e.cause == cause.rule && e.cause_verdict == cause.verdict && e.effect == effect.rule &&
           e.effect_verdict == effect.verdict;
  });
}

}  // namespace

void fold_consequences(std::span<Finding> findings) {
  std::vector<bool> is_placed(findings.size(), false);
  for (std::size_t root = 0; root < findings.size(); ++root) {
    if (is_placed[root]) continue;
    std::vector<std::size_t> causes{root};
    while (!causes.empty()) {
      const std::size_t cause = causes.back();
      causes.pop_back();
      is_placed[cause] = true;
      for (std::size_t i = root + 1; i < findings.size(); ++i) {
        if (is_placed[i] || !explains(findings[cause], findings[i])) continue;
        findings[i].consequence_of = findings[root].rule;
        causes.push_back(i);
      }
    }
  }
}

}  // namespace gradvitals
