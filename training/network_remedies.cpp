#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "training/remedy_functions.h"

namespace gradvitals {
namespace {

/// Kernels whose rms is this close to that of an initialiser are taken for initialised by it: He's is
/// 1.41 times Glorot's in a layer that is as wide as its input.
constexpr double kSameInitializer = 1.25;

/// He's for what passes on half of its input, Glorot's for the others.
Initializer initializer_before(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
    case Activation::kLeakyRelu:
    case Activation::kGelu:
      return HeNormal{};
    case Activation::kNone:
    case Activation::kLinear:
    case Activation::kSigmoid:
    case Activation::kTanh:
    case Activation::kSoftplus:
      break;
  }
  return GlorotUniform{};
}

/// Of the values that the initialiser draws.
double expected_rms(const Initializer& initializer, const DenseBlock& block) {
  const auto inputs = static_cast<double>(block.inputs);
  const double fan_sum = inputs + static_cast<double>(block.units);
  return std::sqrt(2.0 / (std::holds_alternative<HeNormal>(initializer) ? inputs : fan_sum));
}

double rms_of(std::span<const float> values) {
  double sum = 0.0;
  for (const float value : values) sum += double{value} * double{value};
  return std::sqrt(sum / static_cast<double>(values.size()));
}

bool is_initialized_by(const DenseBlock& block, const Initializer& initializer) {
  if (!block.values) return block.initializer.index() == initializer.index();
  const double ratio = rms_of(block.values->kernel) / expected_rms(initializer, block);
  return ratio < kSameInitializer && ratio > 1.0 / kSameInitializer;
}

/// The activation behind each dense layer of a plan: its own, or that of a part before the next dense
/// layer. One entry per dense layer; the part's index where it is not the layer's own.
struct ActivationPlace {
  DenseBlock* block = nullptr;
  ActivationPart* part = nullptr;

  Activation activation() const { return part != nullptr ? part->activation : block->activation; }
  void set(Activation activation) const {
    if (part != nullptr) {
      part->activation = activation;
    } else {
      block->activation = activation;
    }
  }
};

std::vector<ActivationPlace> activation_places(NetworkPlan& plan) {
  std::vector<ActivationPlace> places;
  for (NetworkPart& part : plan.parts) {
    if (auto* const block = std::get_if<DenseBlock>(&part)) {
      places.push_back({.block = block});
    } else if (auto* const alone = std::get_if<ActivationPart>(&part);
               alone != nullptr && !places.empty() &&
               places.back().block->activation == Activation::kLinear) {
      places.back().part = alone;
    }
  }
  return places;
}

std::span<ActivationPlace> hidden(std::vector<ActivationPlace>& places) {
  return std::span(places).first(places.size() - 1);
}

/// For a changed architecture, where the values were found for another.
void renew_values(NetworkPlan& plan) {
  for (const ActivationPlace& place : activation_places(plan)) {
    if (!place.block->values) continue;
    place.block->values.reset();
    place.block->initializer = initializer_before(place.activation());
  }
}

RemedyResult use_activation(const TrainingPlan& plan, Activation activation) {
  TrainingPlan changed = plan;
  std::vector<ActivationPlace> places = activation_places(changed.network);
  bool is_new = false;
  for (const ActivationPlace& place : hidden(places)) {
    is_new |= place.activation() != activation;
    place.set(activation);
    place.block->values.reset();
    place.block->initializer = initializer_before(activation);
  }
  if (!is_new) return std::nullopt;
  renew_values(changed.network);
  return changed;
}

bool has_layer_norm(const NetworkPlan& plan) {
  return std::ranges::any_of(plan.parts, [](const NetworkPart& part) {
    const auto* const block = std::get_if<DenseBlock>(&part);
    return std::holds_alternative<LayerNormPart>(part) ||
           (block != nullptr && block->has_layer_norm);
  });
}

}  // namespace

RemedyResult use_relu(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  return use_activation(plan, Activation::kRelu);
}

RemedyResult use_gelu(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  return use_activation(plan, Activation::kGelu);
}

RemedyResult normalize_layers(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  if (has_layer_norm(plan.network)) return std::nullopt;
  TrainingPlan changed = plan;
  std::vector<ActivationPlace> places = activation_places(changed.network);
  bool is_new = false;
  for (const ActivationPlace& place : hidden(places)) {
    if (place.block->units < 2) continue;  // One number alone is normalised to 0.
    place.block->has_layer_norm = is_new = true;
  }
  if (!is_new) return std::nullopt;
  renew_values(changed.network);
  return changed;
}

RemedyResult connect_residually(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  TrainingPlan changed = plan;
  std::vector<ActivationPlace> places = activation_places(changed.network);
  bool is_new = false;
  for (const ActivationPlace& place : hidden(places)) {
    DenseBlock& block = *place.block;
    if (block.is_residual || block.inputs != block.units || place.part != nullptr) continue;
    block.is_residual = is_new = true;
  }
  if (!is_new) return std::nullopt;
  renew_values(changed.network);
  return changed;
}

RemedyResult initialize_by_fans(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  TrainingPlan changed = plan;
  bool is_new = false;
  for (const ActivationPlace& place : activation_places(changed.network)) {
    const Initializer initializer = initializer_before(place.activation());
    is_new |= !is_initialized_by(*place.block, initializer);
    place.block->initializer = initializer;
    place.block->values.reset();
  }
  if (!is_new) return std::nullopt;
  return changed;
}

}  // namespace gradvitals
