// NetworkPlan: a chain of dense layers as a description, so that it can be changed and built anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "framework/initializers.h"
#include "framework/io/model_file.h"
#include "framework/sequential.h"
#include "kernels/ops/activation.h"
#include "kernels/runtime/stream.h"
#include "training/model_spec.h"

namespace gradvitals {

/// What a dense layer starts from, and what its parameters are called.
struct DenseValues {
  std::string kernel_name;
  std::vector<float> kernel;  ///< (inputs, units)
  std::string bias_name;
  std::vector<float> bias;  ///< (units); empty where the layer has none.
};

/// A dense layer.
struct DensePlan {
  std::int64_t inputs = 0;
  std::int64_t units = 0;
  Activation activation = Activation::kLinear;
  bool has_bias = true;
  Initializer initializer = GlorotUniform{};  ///< Of the kernel, where there are no values.
  std::optional<DenseValues> values{};
};

/// What stands between the two is added to what goes into it.
struct ResidualBegin {};
struct ResidualEnd {};

/// In the order in which a sample passes them, as the words of a spec.
using NetworkPart =
    std::variant<DensePlan, ActivationPart, LayerNormPart, DropoutPart, ResidualBegin, ResidualEnd>;

struct NetworkPlan {
  std::string name = "Model";
  std::uint64_t seed = 42;  ///< Of initial values and of the masks of dropout.
  std::int64_t inputs = 0;
  std::vector<NetworkPart> parts;  ///< At least one DensePlan among them.
};

/// The model that build_model() makes of the spec.
NetworkPlan plan_of(const ModelSpec& spec, const ModelOptions& options = {});

/// The model that make_model() makes of the file; the seed is of what replaces its values.
NetworkPlan plan_of(const ModelFile& file, std::uint64_t seed);

/// The dense layers, in their order. The pointers are valid while the plan's parts stay.
std::vector<DensePlan*> dense_plans(NetworkPlan& plan);
std::vector<const DensePlan*> dense_plans(const NetworkPlan& plan);

/// The text that parse_model_spec() takes for a network of these layers.
std::string text(const NetworkPlan& plan);

/// Throws std::invalid_argument as the layers do.
Sequential build_network(Stream& stream, const NetworkPlan& plan);

}  // namespace gradvitals
