#include "monitor/trajectory/trajectory_rule.h"

#include <algorithm>
#include <array>

namespace gradvitals {
namespace {

constexpr std::array kTrajectoryRules{
    TrajectoryRule{RuleId::kNormChange, "Spikes of the gradient norm", "OLMo-core, llm.c",
                   check_norm_spike, true},
    TrajectoryRule{RuleId::kNormChange, "Collapse of the gradient norm", "docs/training-watch.md",
                   check_norm_collapse},
    TrajectoryRule{RuleId::kLossGrowth, "Loss blow-up", "AutoTrainer, axonml", check_loss_growth,
                   true},
    TrajectoryRule{RuleId::kDrift, "Slow drift of loss or norm", "Page 1954 (CUSUM), trainscope",
                   check_drift},
    TrajectoryRule{RuleId::kUpdateRatio, "Update beside weight", "MindSpore, DeepDiagnosis",
                   check_update_ratio},
    TrajectoryRule{RuleId::kUnchangedWeights, "Weights that do not change",
                   "SageMaker UnchangedTensor", check_unchanged_weights},
    TrajectoryRule{RuleId::kWeakGradients, "Weak gradients", "notebook", check_weak_gradients},
    TrajectoryRule{RuleId::kLossNotDecreasing, "Loss that does not fall",
                   "SageMaker LossNotDecreasing", check_loss_not_decreasing},
    TrajectoryRule{RuleId::kInitialVariance, "Initial variance", "TheDeepChecker",
                   check_initial_variance, true},
};

}  // namespace

std::span<const TrajectoryRule> trajectory_rules() {
  return kTrajectoryRules;
}

const TrajectoryRule* trajectory_rule(RuleId rule) {
  const auto* const entry = std::ranges::find(kTrajectoryRules, rule, &TrajectoryRule::id);
  return entry == kTrajectoryRules.end() ? nullptr : entry;
}

}  // namespace gradvitals
