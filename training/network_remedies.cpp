#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "training/initial_values.h"
#include "training/remedy_functions.h"

namespace gradvitals {
namespace {

/// Kernels whose rms is this close to that of an initialiser are taken for initialised by it: He's
/// is 1.41 times Glorot's in a layer that is as wide as its input.
constexpr double kSameInitializer = 1.25;

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
  bool is_new = false;
  for (const ActivatedLayer& layer : activated_layers(plan.network)) {
    const auto& dense = std::get<DensePlan>(plan.network.parts[layer.dense]);
    is_new |= !is_initialized_by(dense, initializer_before(layer.activation_in(plan.network)));
  }
  if (!is_new) return std::nullopt;
  TrainingPlan changed = plan;
  initialize_by_activations(changed.network);
  return changed;
}

}  // namespace gradvitals
