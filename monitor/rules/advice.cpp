#include "monitor/rules/advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "monitor/metrics/unit_records.h"

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

}  // namespace gradvitals
