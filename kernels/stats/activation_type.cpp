#include "kernels/stats/activation_type.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace gradvitals {
namespace {

/// In the order of the enumerators.
constexpr std::array<std::string_view, 7> kNames = {"none", "linear",     "sigmoid", "relu",
                                                    "tanh", "leaky_relu", "gelu"};

}  // namespace

std::string_view name(Activation activation) {
  return kNames.at(static_cast<std::size_t>(activation));
}

std::optional<Activation> parse_activation(std::string_view text) {
  const auto found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Activation>(found - kNames.begin());
}

}  // namespace gradvitals
