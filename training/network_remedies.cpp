#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
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
double expected_rms(const Initializer& initializer, const DensePlan& dense) {
  const auto inputs = static_cast<double>(dense.inputs);
  const double fan_sum = inputs + static_cast<double>(dense.units);
  return std::sqrt(2.0 / (std::holds_alternative<HeNormal>(initializer) ? inputs : fan_sum));
}

double rms_of(std::span<const float> values) {
  double sum = 0.0;
  for (const float value : values) sum += double{value} * double{value};
  return std::sqrt(sum / static_cast<double>(values.size()));
}

bool is_initialized_by(const DensePlan& dense, const Initializer& initializer) {
  if (!dense.values) return dense.initializer.index() == initializer.index();
  const double ratio = rms_of(dense.values->kernel) / expected_rms(initializer, dense);
  return ratio < kSameInitializer && ratio > 1.0 / kSameInitializer;
}

/// A dense layer of a plan and the activation behind it: its own, or that of a part before the next
/// dense layer.
struct ActivatedLayer {
  std::size_t dense;                      ///< Indices of parts.
  std::optional<std::size_t> activation;  ///< Where it is not the dense layer's own.

  DensePlan& dense_of(NetworkPlan& plan) const { return std::get<DensePlan>(plan.parts[dense]); }
  Activation& activation_of(NetworkPlan& plan) const {
    return activation ? std::get<ActivationPart>(plan.parts[*activation]).activation
                      : dense_of(plan).activation;
  }
  std::size_t last() const { return activation.value_or(dense); }
};

std::vector<ActivatedLayer> activated_layers(const NetworkPlan& plan) {
  std::vector<ActivatedLayer> layers;
  bool is_linear = false;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    if (const auto* const dense = std::get_if<DensePlan>(&plan.parts[i])) {
      layers.push_back({.dense = i, .activation = std::nullopt});
      is_linear = dense->activation == Activation::kLinear;
    } else if (is_linear && std::holds_alternative<ActivationPart>(plan.parts[i])) {
      layers.back().activation = i;
    }
  }
  return layers;
}

/// From the output side to the input side, so that parts that are put in move none that come later.
std::vector<ActivatedLayer> hidden_layers_backwards(const NetworkPlan& plan) {
  std::vector<ActivatedLayer> layers = activated_layers(plan);
  layers.pop_back();
  std::ranges::reverse(layers);
  return layers;
}

void insert_part(NetworkPlan& plan, std::size_t place, NetworkPart part) {
  plan.parts.insert(plan.parts.begin() + static_cast<std::ptrdiff_t>(place), std::move(part));
}

template <class Part>
bool has_part(const NetworkPlan& plan) {
  return std::ranges::any_of(
      plan.parts, [](const NetworkPart& part) { return std::holds_alternative<Part>(part); });
}

/// For a changed architecture, where the values were found for another.
void renew_values(NetworkPlan& plan) {
  for (const ActivatedLayer& layer : activated_layers(plan)) {
    DensePlan& dense = layer.dense_of(plan);
    if (!dense.values) continue;
    dense.values.reset();
    dense.initializer = initializer_before(layer.activation_of(plan));
  }
}

RemedyResult use_activation(const TrainingPlan& plan, Activation activation) {
  TrainingPlan changed = plan;
  NetworkPlan& network = changed.network;
  bool is_new = false;
  for (const ActivatedLayer& layer : hidden_layers_backwards(network)) {
    is_new |= std::exchange(layer.activation_of(network), activation) != activation;
    layer.dense_of(network).values.reset();
    layer.dense_of(network).initializer = initializer_before(activation);
  }
  if (!is_new) return std::nullopt;
  renew_values(network);
  return changed;
}

}  // namespace

RemedyResult use_relu(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  return use_activation(plan, Activation::kRelu);
}

RemedyResult use_gelu(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  return use_activation(plan, Activation::kGelu);
}

RemedyResult normalize_layers(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  if (has_part<LayerNormPart>(plan.network)) return std::nullopt;
  TrainingPlan changed = plan;
  NetworkPlan& network = changed.network;
  for (const ActivatedLayer& layer : hidden_layers_backwards(network)) {
    DensePlan& dense = layer.dense_of(network);
    if (dense.units < 2) continue;  // One number alone is normalised to 0.
    const Activation own = std::exchange(dense.activation, Activation::kLinear);
    if (own != Activation::kLinear) insert_part(network, layer.dense + 1, ActivationPart{own});
    insert_part(network, layer.dense + 1, LayerNormPart{});
  }
  if (!has_part<LayerNormPart>(network)) return std::nullopt;
  renew_values(network);
  return changed;
}

RemedyResult connect_residually(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  if (has_part<ResidualBegin>(plan.network)) return std::nullopt;
  TrainingPlan changed = plan;
  NetworkPlan& network = changed.network;
  for (const ActivatedLayer& layer : hidden_layers_backwards(network)) {
    const DensePlan& dense = layer.dense_of(network);
    if (dense.inputs != dense.units) continue;
    insert_part(network, layer.last() + 1, ResidualEnd{});
    insert_part(network, layer.dense, ResidualBegin{});
  }
  if (!has_part<ResidualBegin>(network)) return std::nullopt;
  renew_values(network);
  return changed;
}

RemedyResult initialize_by_fans(const TrainingPlan& plan, const GradientSymptoms& /*symptoms*/) {
  TrainingPlan changed = plan;
  NetworkPlan& network = changed.network;
  bool is_new = false;
  for (const ActivatedLayer& layer : activated_layers(network)) {
    DensePlan& dense = layer.dense_of(network);
    const Initializer initializer = initializer_before(layer.activation_of(network));
    is_new |= !is_initialized_by(dense, initializer);
    dense.initializer = initializer;
    dense.values.reset();
  }
  if (!is_new) return std::nullopt;
  return changed;
}

}  // namespace gradvitals
