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

/// A dense layer and what belongs to it: activation(norm(x kernel + bias)), or x and that.
struct DenseBlock {
  std::int64_t inputs = 0;
  std::int64_t units = 0;
  Activation activation = Activation::kLinear;
  bool has_layer_norm = false;  ///< Before its activation.
  bool is_residual = false;     ///< Its input is added to its output; they are of one width.
  bool has_bias = true;
  Initializer initializer = GlorotUniform{};  ///< Of the kernel, where there are no values.
  std::optional<DenseValues> values{};
};

using NetworkPart = std::variant<DenseBlock, ActivationPart, LayerNormPart, DropoutPart>;

struct NetworkPlan {
  std::string name = "Model";
  std::uint64_t seed = 42;  ///< Of initial values and of the masks of dropout.
  std::int64_t inputs = 0;
  std::vector<NetworkPart> parts;  ///< At least one DenseBlock among them.
};

/// The model that build_model() makes of the spec.
NetworkPlan plan_of(const ModelSpec& spec, const ModelOptions& options = {});

/// The model that make_model() makes of the file; the seed is of what replaces its values.
NetworkPlan plan_of(const ModelFile& file, std::uint64_t seed);

/// In their order. The pointers are valid while the plan's parts stay.
std::vector<DenseBlock*> dense_blocks(NetworkPlan& plan);
std::vector<const DenseBlock*> dense_blocks(const NetworkPlan& plan);

/// "64-64-layernorm-relu-residual(64-relu)-10"; a row of parts that are alike is counted:
/// "64-12x(64-sigmoid)-10".
std::string text(const NetworkPlan& plan);

/// Throws std::invalid_argument as the layers do.
Sequential build_network(Stream& stream, const NetworkPlan& plan);

}  // namespace gradvitals
