#include "training/initial_values.h"

namespace gradvitals {

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

void initialize_by_activations(NetworkPlan& plan) {
  for (const ActivatedLayer& layer : activated_layers(plan)) {
    DensePlan& dense = layer.dense_of(plan);
    dense.initializer = initializer_before(layer.activation_in(plan));
    dense.values.reset();
  }
}

}  // namespace gradvitals
