#include "training/network_plan.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include "framework/layers/activation_layer.h"
#include "framework/layers/dense.h"
#include "framework/layers/dropout.h"
#include "framework/layers/layer_norm.h"
#include "framework/layers/residual.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

/// Appends the parts of a spec to those of a plan.
struct PartPlanner {
  NetworkPlan& plan;
  const Initializer& kernel_initializer;
  std::int64_t inputs;  ///< Of the next dense layer.

  void operator()(const DensePart& part) {
    plan.parts.emplace_back(DensePlan{.inputs = std::exchange(inputs, part.units),
                                      .units = part.units,
                                      .activation = part.activation,
                                      .initializer = kernel_initializer});
  }
  void operator()(const ResidualPart& part) {
    plan.parts.emplace_back(ResidualBegin{});
    for (const ModelPart& within : part.parts) std::visit(*this, within);
    plan.parts.emplace_back(ResidualEnd{});
  }
  template <class Part>
  void operator()(const Part& part) {
    plan.parts.emplace_back(part);
  }
};

/// Makes one thing of each part, those of residual blocks within a list of their own. `Make` has a
/// list type, add() for each part, and wrap() for a whole residual block.
template <class Make>
typename Make::List made_of(const NetworkPlan& plan, const Make& make) {
  std::vector<typename Make::List> open(1);
  for (const NetworkPart& part : plan.parts) {
    if (std::holds_alternative<ResidualBegin>(part)) {
      open.emplace_back();
    } else if (std::holds_alternative<ResidualEnd>(part) && open.size() > 1) {
      typename Make::List within = std::move(open.back());
      open.pop_back();
      make.wrap(open.back(), std::move(within));
    } else {
      make.add(open.back(), part);
    }
  }
  if (open.size() != 1) throw std::invalid_argument("NetworkPlan: a residual block has no end");
  return std::move(open.front());
}

struct MakeSpecParts {
  using List = std::vector<ModelPart>;

  static void add(List& parts, const NetworkPart& part) {
    if (const auto* const dense = std::get_if<DensePlan>(&part)) {
      parts.emplace_back(DensePart{.units = dense->units, .activation = dense->activation});
    } else if (const auto* const activation = std::get_if<ActivationPart>(&part)) {
      parts.emplace_back(*activation);
    } else if (const auto* const dropout = std::get_if<DropoutPart>(&part)) {
      parts.emplace_back(*dropout);
    } else if (std::holds_alternative<LayerNormPart>(part)) {
      parts.emplace_back(LayerNormPart{});
    } else {
      throw std::invalid_argument("NetworkPlan: the end of a residual block has no beginning");
    }
  }
  static void wrap(List& parts, List within) {
    parts.emplace_back(ResidualPart{std::move(within)});
  }
};

struct MakeLayers {
  using List = std::vector<std::unique_ptr<Layer>>;

  Stream& stream;

  void add(List& layers, const NetworkPart& part) const {
    if (const auto* const dense = std::get_if<DensePlan>(&part)) {
      layers.push_back(std::make_unique<Dense>(dense_layer(*dense)));
    } else if (const auto* const alone = std::get_if<ActivationPart>(&part)) {
      layers.push_back(std::make_unique<ActivationLayer>(alone->activation));
    } else if (const auto* const dropout = std::get_if<DropoutPart>(&part)) {
      layers.push_back(std::make_unique<Dropout>(dropout->rate));
    } else if (std::holds_alternative<LayerNormPart>(part)) {
      layers.push_back(std::make_unique<LayerNorm>());
    } else {
      throw std::invalid_argument("NetworkPlan: the end of a residual block has no beginning");
    }
  }
  static void wrap(List& layers, List within) {
    layers.push_back(std::make_unique<Residual>(std::move(within)));
  }

 private:
  Dense dense_layer(const DensePlan& dense) const {
    if (!dense.values) {
      return Dense(dense.units, dense.activation,
                   {.kernel_initializer = dense.initializer, .use_bias = dense.has_bias});
    }
    const DenseValues& values = *dense.values;
    Parameter kernel{
        .name = values.kernel_name,
        .value = Tensor::from_host<float>(stream, {dense.inputs, dense.units}, values.kernel)};
    std::optional<Parameter> bias;
    if (dense.has_bias) {
      bias = {.name = values.bias_name,
              .value = Tensor::from_host<float>(stream, {dense.units}, values.bias)};
    }
    return Dense(std::move(kernel), std::move(bias), dense.activation);
  }
};

double parameter_count_of(const DensePlan& dense) {
  const auto units = static_cast<double>(dense.units);
  return static_cast<double>(dense.inputs) * units + (dense.has_bias ? units : 0.0);
}

/// Of float32, in the largest unit that leaves a number above 1.
std::string bytes_text(double count) {
  double amount = count * sizeof(float);
  constexpr std::array kUnits = {"bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  for (; amount >= 1000.0 && unit + 1 < kUnits.size(); ++unit) amount /= 1000.0;
  return fmt::format("{:.3g} {}", amount, kUnits.at(unit));
}

[[noreturn]] void refuse_for_memory(const NetworkPlan& plan) {
  double sum = 0.0;
  std::size_t largest = 0;
  const std::vector<const DensePlan*> layers = dense_plans(plan);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    sum += parameter_count_of(*layers[i]);
    if (parameter_count_of(*layers[i]) > parameter_count_of(*layers[largest])) largest = i;
  }
  const DensePlan& dense = *layers.at(largest);
  throw ModelMemoryError(
      fmt::format("model {}: its {:.6g} parameters take {}, which memory does not have; most of it "
                  "is for dense "
                  "layer {}, {} x {}: {}",
                  in_quotes(text(plan)), sum, bytes_text(sum), largest + 1, dense.inputs,
                  dense.units, bytes_text(parameter_count_of(dense))));
}

}  // namespace

NetworkPlan plan_of(const ModelSpec& spec, const ModelOptions& options) {
  NetworkPlan plan{.name = options.name, .seed = options.seed, .inputs = spec.inputs, .parts = {}};
  PartPlanner planner{
      .plan = plan, .kernel_initializer = options.kernel_initializer, .inputs = spec.inputs};
  for (const ModelPart& part : spec.parts) std::visit(planner, part);
  return plan;
}

NetworkPlan plan_of(NotebookNetwork network, const NetworkOptions& options) {
  NetworkPlan plan{.name = std::string(notebook_name(network)),
                   .seed = options.seed,
                   .inputs = options.features,
                   .parts = {}};
  std::int64_t inputs = options.features;
  for (const NotebookLayer& layer : notebook_layers(network, options.head)) {
    plan.parts.emplace_back(DensePlan{.inputs = std::exchange(inputs, layer.units),
                                      .units = layer.units,
                                      .activation = layer.activation,
                                      .initializer = layer.kernel_initializer});
  }
  return plan;
}

NetworkPlan plan_of(const ModelFile& file, std::uint64_t seed) {
  NetworkPlan plan{.seed = seed, .inputs = file.layers.front().inputs, .parts = {}};
  for (const ModelFileLayer& layer : file.layers) {
    plan.parts.emplace_back(DensePlan{.inputs = layer.inputs,
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

std::vector<DensePlan*> dense_plans(NetworkPlan& plan) {
  std::vector<DensePlan*> all;
  for (NetworkPart& part : plan.parts) {
    if (auto* const dense = std::get_if<DensePlan>(&part)) all.push_back(dense);
  }
  return all;
}

std::vector<const DensePlan*> dense_plans(const NetworkPlan& plan) {
  std::vector<const DensePlan*> all;
  for (const NetworkPart& part : plan.parts) {
    if (const auto* const dense = std::get_if<DensePlan>(&part)) all.push_back(dense);
  }
  return all;
}

std::string text(const NetworkPlan& plan) {
  return text(ModelSpec{.inputs = plan.inputs, .parts = made_of(plan, MakeSpecParts{})});
}

Sequential build_network(Stream& stream, const NetworkPlan& plan) try {
  Sequential model(stream, {.name = plan.name, .input_shape = {plan.inputs}, .seed = plan.seed});
  for (std::unique_ptr<Layer>& layer : made_of(plan, MakeLayers{stream})) {
    model.add(std::move(layer));
  }
  return model;
} catch (const std::bad_alloc&) {
  refuse_for_memory(plan);
} catch (const OutOfMemoryError&) {
  refuse_for_memory(plan);
}

}  // namespace gradvitals
