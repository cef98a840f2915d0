// Initial values of a plan's kernels, by the activations behind them.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "framework/initializers.h"
#include "kernels/ops/activation.h"
#include "training/network_plan.h"

namespace gradvitals {

/// He's normal (2015) for what passes on half of its input (relu, leaky_relu, gelu), Glorot's
/// uniform (2010) for the others.
Initializer initializer_before(Activation activation);

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
  Activation activation_in(const NetworkPlan& plan) const {
    return activation ? std::get<ActivationPart>(plan.parts[*activation]).activation
                      : std::get<DensePlan>(plan.parts[dense]).activation;
  }
  std::size_t last() const { return activation.value_or(dense); }
};

/// All dense layers, in their order.
std::vector<ActivatedLayer> activated_layers(const NetworkPlan& plan);

/// Every kernel begins with initializer_before() the activation behind it, and every bias with 0;
/// values that the plan had are dropped.
void initialize_by_activations(NetworkPlan& plan);

}  // namespace gradvitals
