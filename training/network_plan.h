// NetworkPlan: a chain of dense layers as a description, so that it can be changed and built anew.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "framework/initializers.h"
#include "framework/io/model_file.h"
#include "framework/networks.h"
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

  bool operator==(const DenseValues&) const = default;
};

/// A dense layer.
struct DensePlan {
  std::int64_t inputs = 0;
  std::int64_t units = 0;
  Activation activation = Activation::kLinear;
  bool has_bias = true;
  Initializer initializer = GlorotUniform{};  ///< Of the kernel, where there are no values.
  std::optional<DenseValues> values{};

  bool operator==(const DensePlan&) const = default;
};

/// What stands between the two is added to what goes into it.
struct ResidualBegin {
  bool operator==(const ResidualBegin&) const = default;
};
struct ResidualEnd {
  bool operator==(const ResidualEnd&) const = default;
};

/// In the order in which a sample passes them, as the words of a spec.
using NetworkPart =
    std::variant<DensePlan, ActivationPart, LayerNormPart, DropoutPart, ResidualBegin, ResidualEnd>;

struct NetworkPlan {
  std::string name = "Model";
  std::uint64_t seed = 42;  ///< Of initial values and of the masks of dropout.
  std::int64_t inputs = 0;
  std::vector<NetworkPart> parts;  ///< At least one DensePlan among them.

  bool operator==(const NetworkPlan&) const = default;
};

/// A model, or its training, does not fit into memory: what() says how much was asked for.
class ModelMemoryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The model that build_model() makes of the spec.
NetworkPlan plan_of(const ModelSpec& spec, const ModelOptions& options = {});

/// The model that notebook_network() makes, of float32.
NetworkPlan plan_of(NotebookNetwork network, const NetworkOptions& options = {});

/// The model that make_model() makes of the file; the seed is of what replaces its values.
NetworkPlan plan_of(const ModelFile& file, std::uint64_t seed);

/// The dense layers, in their order. The pointers are valid while the plan's parts stay.
std::vector<DensePlan*> dense_plans(NetworkPlan& plan);
std::vector<const DensePlan*> dense_plans(const NetworkPlan& plan);

/// The text that parse_model_spec() takes for a network of these layers.
std::string text(const NetworkPlan& plan);

/// Throws std::invalid_argument as the layers do, and ModelMemoryError where the parameters do not
/// fit.
Sequential build_network(Stream& stream, const NetworkPlan& plan);

}  // namespace gradvitals
