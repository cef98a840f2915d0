// ModelSpec: a model from a short text, "784-128-relu-64-relu-10".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "framework/initializers.h"
#include "framework/sequential.h"
#include "kernels/ops/activation.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

// The parts of a model, in the order in which they are applied.
struct DensePart {
  std::int64_t units = 0;
  Activation activation = Activation::kLinear;
};
struct ActivationPart {
  Activation activation = Activation::kLinear;

  bool operator==(const ActivationPart&) const = default;
};
struct LayerNormPart {
  bool operator==(const LayerNormPart&) const = default;
};
struct DropoutPart {
  double rate = 0.0;

  bool operator==(const DropoutPart&) const = default;
};
struct ResidualPart;
using ModelPart = std::variant<DensePart, ActivationPart, LayerNormPart, DropoutPart, ResidualPart>;
/// x + f(x), with f the parts in order.
struct ResidualPart {
  std::vector<ModelPart> parts;
};

/// Of a layer in a text: a slip of the hand beyond it. Its parameters alone would be gigabytes.
inline constexpr std::int64_t kMostUnits = 1'000'000'000;

struct ModelSpec {
  std::int64_t inputs = 0;
  std::vector<ModelPart> parts;

  std::int64_t outputs() const;  ///< Units of the last dense layer.
  Activation head() const;       ///< What is applied last: what is no activation counts as linear.
};

/// Words and numbers with hyphens between them, in the order in which a sample passes them. The
/// first number is the width of the input, every other one a dense layer of so many units. A word
/// is applied where it stands: an activation (activation_names()), "layernorm", or "dropout0.1". An
/// activation right behind a number is the dense layer's own, which the monitor then sees as one
/// layer; anywhere else it is a layer by itself. What stands between "residual" and "add" is added
/// to what goes into it: "8-16-residual-layernorm-16-relu-16-add-1". Throws std::invalid_argument
/// quoting the text, the word and its place, and naming what is known. A width is at most
/// kMostUnits.
ModelSpec parse_model_spec(std::string_view text);

/// The text that parse_model_spec() makes the same model of.
std::string text(const ModelSpec& spec);

struct ModelOptions {
  std::string name = "Model";
  std::uint64_t seed = 42;  ///< Of all initial values.
  Initializer kernel_initializer = GlorotUniform{};
};

/// Throws std::invalid_argument as the layers do, and ModelMemoryError where it does not fit into
/// memory.
Sequential build_model(Stream& stream, const ModelSpec& spec, const ModelOptions& options = {});

}  // namespace gradvitals
