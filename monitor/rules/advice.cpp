#include "monitor/rules/advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "monitor/metrics/layer_units.h"

namespace gradvitals {

std::string_view squashing_activation(const HealthMetrics& metrics) {
  int head = -1;
  for (const TensorRecord& tensor : metrics.tensors) head = std::max(head, tensor.layer);
  for (const TensorRecord& tensor : metrics.tensors) {
    const bool is_hidden = tensor.layer >= 0 && tensor.layer < head;
    if (is_hidden && can_saturate(tensor.activation)) return name(tensor.activation);
  }
  return {};
}

std::string advice_against(std::string_view squashing) {
  return fmt::format("Replace {} in the hidden layers by relu, with He initialisation", squashing);
}

std::vector<std::string> advice_against_zeros() {
  return {
      "Look for what cuts the gradient off: clamp, round, argmax, detach, a mask, labels that are "
      "all ignored, a softmax over one element, a clip factor of 0",
      "Look for saturated or dead units between here and the loss, and for weights of zero: two "
      "zero-initialised layers in a row never leave zero"};
}

std::vector<std::string> advice_for_missing_gradients() {
  return {"Check that the parameter takes part in the forward pass",
          "Look for a branch that never reaches the loss: a detach, a no_grad, a module that "
          "forward() does not call"};
}

std::vector<std::string> advice_for_idle_experts() {
  return {
      "Judge more steps: a router may send nothing to an expert for a few",
      "Balance the router's load: an auxiliary loss, a bias for each expert, noise on its logits"};
}

}  // namespace gradvitals
