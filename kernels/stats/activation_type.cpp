#include "kernels/stats/activation_type.h"

#include <algorithm>

namespace gradvitals {
namespace {

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kActivationTable.size(); ++i) {
    if (static_cast<std::size_t>(kActivationTable[i].activation) != i) return false;
  }
  return true;
}
static_assert(is_in_order(), "kActivationTable does not follow the enumerators");

}  // namespace

std::optional<Activation> parse_activation(std::string_view text) {
  const auto* const found = std::ranges::find(kActivationTable, text, &ActivationProperties::name);
  if (found == kActivationTable.end()) return std::nullopt;
  return found->activation;
}

std::string activation_names() {
  std::string names;
  for (const Activation activation : all_activations()) {
    if (!names.empty()) names += ", ";
    names += name(activation);
  }
  return names;
}

}  // namespace gradvitals
