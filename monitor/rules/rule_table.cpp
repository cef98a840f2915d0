#include <array>
#include <cstddef>

#include "monitor/rules/checks.h"
#include "monitor/rules/rule.h"

namespace gradvitals {
namespace {

constexpr std::array kRules{
    Rule{RuleId::kNonFinite, "NaN or Inf",
         "TensorFlow check_numerics, SageMaker Debugger, Megatron-LM", check_non_finite,
         Scope::kStep},
    Rule{RuleId::kUnderflow, "Underflow in the stored precision", "TransformerEngine",
         check_underflow, Scope::kStep},
    Rule{RuleId::kScaledNorm, "Clipped or scaled as a whole", "PyTorch AMP, gradient clipping",
         check_scaled_norm, Scope::kStep},
    Rule{RuleId::kZeroGradient, "Zero or missing gradients", "AutoTrainer, SageMaker AllZero",
         check_zero_gradients},
    Rule{RuleId::kTwinUnits, "Twin units", "symmetry breaking: Goodfellow et al. 2016, 8.4",
         check_twin_units},
    Rule{RuleId::kDeadUnits, "Dead relu units", "torchdiag, SageMaker DeadRelu", check_dead_units},
    Rule{RuleId::kSaturation, "Saturated units", "DeepDiagnosis, SageMaker SaturatedActivation",
         check_saturation},
    Rule{RuleId::kZeroUnits, "Units without gradient", "public reports of dead units",
         check_zero_units},
    Rule{RuleId::kBackwardFactor, "Backward factor", "docs/verdicts.md", check_backward_factor},
    Rule{RuleId::kForwardGain, "Forward gain per hidden layer",
         "SageMaker PoorWeightInitialization, TheDeepChecker", check_forward_gain},
    Rule{RuleId::kGradientSpread, "Spread of relative gradients", "docs/verdicts.md",
         check_gradient_spread},
    Rule{RuleId::kVanishedGradients, "Vanished gradients",
         "notebook; rms: SageMaker VanishingGradient, DeepDiagnosis", check_vanished_gradients},
    Rule{RuleId::kCompleteFailure, "Complete failure", "notebook (listed there, never coded)",
         check_complete_failure},
    Rule{RuleId::kLargeGradients, "Large gradients",
         "notebook, torchdiag; limits: docs/verdicts.md", check_large_gradients},
    Rule{RuleId::kNormRange, "Range of gradient norms", "notebook, without its 1e-10",
         check_norm_range},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<std::size_t>(kRules[i].id) != i) return false;
  }
  return true;
}
static_assert(is_in_order(), "the table of rules does not follow the enumerators");

}  // namespace

std::span<const Rule> rule_table() {
  return kRules;
}

}  // namespace gradvitals
