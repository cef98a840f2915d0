#include <algorithm>
#include <cstddef>

#include "training/remedy_functions.h"

namespace gradvitals {
namespace {

bool is_binary(float value) {
  return value == 0.0F || value == 1.0F;
}

bool has_binary_targets(const TrainingData& data) {
  return std::ranges::all_of(data.training.y, is_binary) &&
         std::ranges::all_of(data.validation.y, is_binary);
}

bool is_one_hot(const Samples& samples, std::int64_t outputs) {
  const auto cols = static_cast<std::ptrdiff_t>(outputs);
  for (auto row = samples.y.begin(); row != samples.y.end(); row += cols) {
    if (std::count(row, row + cols, 1.0F) != 1) return false;
  }
  return true;
}

/// The last dense layer and what is behind it.
std::size_t head_place(const NetworkPlan& plan) {
  std::size_t place = plan.parts.size();
  while (!std::holds_alternative<DensePlan>(plan.parts[--place])) continue;
  return place;
}

bool has_linear_head(const NetworkPlan& plan) {
  const std::size_t place = head_place(plan);
  const auto is_linear = [](const NetworkPart& part) {
    const auto* const alone = std::get_if<ActivationPart>(&part);
    return alone == nullptr || alone->activation == Activation::kLinear;
  };
  return std::get<DensePlan>(plan.parts[place]).activation == Activation::kLinear &&
         std::all_of(plan.parts.begin() + static_cast<std::ptrdiff_t>(place), plan.parts.end(),
                     is_linear);
}

void make_head_linear(NetworkPlan& plan) {
  const std::size_t place = head_place(plan);
  std::get<DensePlan>(plan.parts[place]).activation = Activation::kLinear;
  plan.parts.erase(
      std::remove_if(
          plan.parts.begin() + static_cast<std::ptrdiff_t>(place), plan.parts.end(),
          [](const NetworkPart& part) { return std::holds_alternative<ActivationPart>(part); }),
      plan.parts.end());
}

/// Values of a head that pushed its units into saturation make outputs far from every target.
void renew_head(NetworkPlan& plan) {
  DensePlan& head = std::get<DensePlan>(plan.parts[head_place(plan)]);
  head.values.reset();
  head.initializer = GlorotUniform{};
}

/// Trains on the loss of logits, and judges the probabilities that they stand for.
TrainingPlan with_logits(const TrainingPlan& plan, LossKind loss, Readout readout) {
  TrainingPlan changed = plan;
  make_head_linear(changed.network);
  changed.options.loss = loss;
  changed.readout = readout;
  if (plan.judged_by == LossKind::kBinaryCrossEntropyFromLogits) {
    changed.judged_by = LossKind::kBinaryCrossEntropy;
  }
  return changed;
}

}  // namespace

RemedyResult use_linear_head(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  const bool needs_probabilities = plan.options.loss == LossKind::kBinaryCrossEntropy;
  if (needs_probabilities || has_linear_head(plan.network)) return std::nullopt;
  TrainingPlan changed = plan;
  make_head_linear(changed.network);
  renew_head(changed.network);
  return changed;
}

RemedyResult use_logits(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  if (plan.options.loss == LossKind::kBinaryCrossEntropy) {
    // Exact where the sigmoid rounds to 0 or 1: the same function, so its values stay.
    return with_logits(plan, LossKind::kBinaryCrossEntropyFromLogits, Readout::kSigmoid);
  }
  if (plan.options.loss != LossKind::kMse || !has_binary_targets(*plan.data)) return std::nullopt;
  TrainingPlan changed =
      with_logits(plan, LossKind::kBinaryCrossEntropyFromLogits, Readout::kSigmoid);
  renew_head(changed.network);
  return changed;
}

RemedyResult use_softmax(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  const TrainingData& data = *plan.data;
  const bool has_classes = data.outputs > 1 && has_binary_targets(data) &&
                           is_one_hot(data.training, data.outputs) &&
                           is_one_hot(data.validation, data.outputs);
  if (plan.options.loss == LossKind::kSoftmaxCrossEntropy || !has_classes) return std::nullopt;
  TrainingPlan changed = with_logits(plan, LossKind::kSoftmaxCrossEntropy, Readout::kSoftmax);
  renew_head(changed.network);
  return changed;
}

}  // namespace gradvitals
