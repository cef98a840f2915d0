// Activation: the activation functions and their properties. Their formulas are in
// kernels/ops/activation.h. CONTRIBUTING.md says how to add one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gradvitals {

/// kNone means "not known" in a view; ops refuse it.
enum class Activation : std::uint8_t {
  kNone,
  kLinear,
  kSigmoid,
  kRelu,
  kTanh,
  kLeakyRelu,
  kGelu,
  kSoftplus
};

/// The two outputs that a saturated unit has, where the derivative is 0.
struct Saturation {
  double low;
  double high;
};

struct ActivationProperties {
  Activation activation;
  std::string_view name;
  /// The derivative cannot be computed from the output alone.
  bool needs_pre_activation = false;
  /// The derivative jumps at z = 0.
  bool has_kink = false;
  /// Output and derivative are 0 for every z < 0: a unit may output 0 for each sample and learn
  /// nothing.
  bool can_die = false;
  /// Of what is flat on both sides.
  std::optional<Saturation> saturation{};
};

/// In the order of the enumerators. Everything that depends on the activation, other than its formulas,
/// is derived from this table.
inline constexpr std::array kActivationTable = {
    ActivationProperties{.activation = Activation::kNone, .name = "none"},
    ActivationProperties{.activation = Activation::kLinear, .name = "linear"},
    ActivationProperties{.activation = Activation::kSigmoid,
                         .name = "sigmoid",
                         .saturation = Saturation{.low = 0, .high = 1}},
    ActivationProperties{
        .activation = Activation::kRelu, .name = "relu", .has_kink = true, .can_die = true},
    ActivationProperties{.activation = Activation::kTanh,
                         .name = "tanh",
                         .saturation = Saturation{.low = -1, .high = 1}},
    ActivationProperties{
        .activation = Activation::kLeakyRelu, .name = "leaky_relu", .has_kink = true},
    ActivationProperties{
        .activation = Activation::kGelu, .name = "gelu", .needs_pre_activation = true},
    ActivationProperties{.activation = Activation::kSoftplus, .name = "softplus"},
};

constexpr const ActivationProperties& properties(Activation activation) {
  return kActivationTable.at(static_cast<std::size_t>(activation));
}

constexpr bool can_die(Activation activation) {
  return properties(activation).can_die;
}
constexpr bool can_saturate(Activation activation) {
  return properties(activation).saturation.has_value();
}

/// "none", "linear", "leaky_relu" and the like.
constexpr std::string_view name(Activation activation) {
  return properties(activation).name;
}

/// The inverse of name(); empty where the text names no activation.
std::optional<Activation> parse_activation(std::string_view text);

/// All activations but kNone.
constexpr auto all_activations() {
  std::array<Activation, kActivationTable.size() - 1> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = kActivationTable[i + 1].activation;
  return all;
}

/// "linear, sigmoid, relu, ...", for messages.
std::string activation_names();

}  // namespace gradvitals
