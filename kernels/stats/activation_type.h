// Activation: which function a layer ends with. What it computes is in kernels/ops/activation.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gradvitals {

/// kNone means "not known" in a view; ops refuse it.
enum class Activation : std::uint8_t { kNone, kLinear, kSigmoid, kRelu, kTanh, kLeakyRelu, kGelu };

/// "none", "linear", "sigmoid", "relu", "tanh", "leaky_relu" or "gelu".
std::string_view name(Activation activation);

/// The inverse of name(); empty where the text names no activation.
std::optional<Activation> parse_activation(std::string_view text);

}  // namespace gradvitals
