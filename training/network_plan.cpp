#include "training/network_plan.h"

#include <fmt/format.h>

#include <utility>

#include "framework/layers/activation_layer.h"
#include "framework/layers/dense.h"
#include "framework/layers/dropout.h"
#include "framework/layers/layer_norm.h"
#include "framework/layers/residual.h"

namespace gradvitals {
namespace {

/// Turns the parts of a spec into those of a plan.
struct PlannedPart {
  std::int64_t inputs;  ///< Of the next dense layer.
  const ModelOptions& options;

  NetworkPart operator()(const DensePart& part) {
    return DenseBlock{.inputs = std::exchange(inputs, part.units),
                      .units = part.units,
                      .activation = part.activation,
                      .initializer = options.kernel_initializer};
  }
  NetworkPart operator()(const ActivationPart& part) { return part; }
  NetworkPart operator()(const LayerNormPart& part) { return part; }
  NetworkPart operator()(const DropoutPart& part) { return part; }
};

/// Adds what a plan describes to a model, part by part.
struct PartBuilder {
  Stream& stream;
  Sequential& model;

  void operator()(const DenseBlock& block) const {
    Dense dense = dense_of(block, block.has_layer_norm ? Activation::kLinear : block.activation);
    if (block.has_layer_norm && block.is_residual) {
      model.add(Residual(std::move(dense), LayerNorm(), ActivationLayer(block.activation)));
    } else if (block.has_layer_norm) {
      model.add(std::move(dense)).add(LayerNorm());
      if (block.activation != Activation::kLinear) model.add(ActivationLayer(block.activation));
    } else if (block.is_residual) {
      model.add(Residual(std::move(dense)));
    } else {
      model.add(std::move(dense));
    }
  }
  void operator()(const ActivationPart& part) const { model.add(ActivationLayer(part.activation)); }
  void operator()(const LayerNormPart&) const { model.add(LayerNorm()); }
  void operator()(const DropoutPart& part) const { model.add(Dropout(part.rate)); }

 private:
  Dense dense_of(const DenseBlock& block, Activation activation) const {
    if (!block.values) {
      return Dense(block.units, activation,
                   {.kernel_initializer = block.initializer, .use_bias = block.has_bias});
    }
    const DenseValues& values = *block.values;
    Parameter kernel{
        .name = values.kernel_name,
        .value = Tensor::from_host<float>(stream, {block.inputs, block.units}, values.kernel)};
    std::optional<Parameter> bias;
    if (block.has_bias) {
      bias = {.name = values.bias_name,
              .value = Tensor::from_host<float>(stream, {block.units}, values.bias)};
    }
    return Dense(std::move(kernel), std::move(bias), activation);
  }
};

struct PartText {
  std::string operator()(const DenseBlock& block) const {
    std::string text = fmt::format("{}", block.units);
    if (block.has_layer_norm) text += "-layernorm";
    if (block.activation != Activation::kLinear) text += fmt::format("-{}", name(block.activation));
    return block.is_residual ? fmt::format("residual({})", text) : text;
  }
  std::string operator()(const ActivationPart& part) const {
    return std::string(name(part.activation));
  }
  std::string operator()(const LayerNormPart&) const { return "layernorm"; }
  std::string operator()(const DropoutPart& part) const {
    return fmt::format("dropout{}", part.rate);
  }
};

/// From here on, counting is shorter than repeating.
constexpr std::size_t kFewestCounted = 3;

}  // namespace

NetworkPlan plan_of(const ModelSpec& spec, const ModelOptions& options) {
  NetworkPlan plan{.name = options.name, .seed = options.seed, .inputs = spec.inputs, .parts = {}};
  PlannedPart planned{.inputs = spec.inputs, .options = options};
  for (const ModelPart& part : spec.parts) plan.parts.push_back(std::visit(planned, part));
  return plan;
}

NetworkPlan plan_of(const ModelFile& file, std::uint64_t seed) {
  NetworkPlan plan{.seed = seed, .inputs = file.layers.front().inputs, .parts = {}};
  for (const ModelFileLayer& layer : file.layers) {
    plan.parts.emplace_back(DenseBlock{.inputs = layer.inputs,
                                       .units = layer.outputs,
                                       .activation = layer.activation,
                                       .has_bias = !layer.bias_name.empty(),
                                       .values = DenseValues{.kernel_name = layer.kernel_name,
                                                             .kernel = layer.kernel,
                                                             .bias_name = layer.bias_name,
                                                             .bias = layer.bias}});
  }
  return plan;
}

std::vector<DenseBlock*> dense_blocks(NetworkPlan& plan) {
  std::vector<DenseBlock*> blocks;
  for (NetworkPart& part : plan.parts) {
    if (auto* const block = std::get_if<DenseBlock>(&part)) blocks.push_back(block);
  }
  return blocks;
}

std::vector<const DenseBlock*> dense_blocks(const NetworkPlan& plan) {
  std::vector<const DenseBlock*> blocks;
  for (const NetworkPart& part : plan.parts) {
    if (const auto* const block = std::get_if<DenseBlock>(&part)) blocks.push_back(block);
  }
  return blocks;
}

std::string text(const NetworkPlan& plan) {
  std::vector<std::string> parts;
  for (const NetworkPart& part : plan.parts) parts.push_back(std::visit(PartText{}, part));
  std::string text = fmt::format("{}", plan.inputs);
  for (std::size_t i = 0; i < parts.size();) {
    std::size_t count = 1;
    while (i + count < parts.size() && parts[i + count] == parts[i]) ++count;
    if (count < kFewestCounted) count = 1;
    text += count == 1 ? fmt::format("-{}", parts[i]) : fmt::format("-{}x({})", count, parts[i]);
    i += count;
  }
  return text;
}

Sequential build_network(Stream& stream, const NetworkPlan& plan) {
  Sequential model(stream, {.name = plan.name, .input_shape = {plan.inputs}, .seed = plan.seed});
  const PartBuilder build{.stream = stream, .model = model};
  for (const NetworkPart& part : plan.parts) std::visit(build, part);
  return model;
}

}  // namespace gradvitals
