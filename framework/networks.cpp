#include "framework/networks.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "framework/layers/dense.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kUnits = 64;
/// Of the third network's kernels.
constexpr double kTooWide = 2.0;

std::vector<NotebookLayer> hidden_layers(NotebookNetwork network) {
  switch (network) {
    case NotebookNetwork::kSigmoid:
      return {4, {.units = kUnits, .activation = Activation::kSigmoid}};
    case NotebookNetwork::kRelu:
      return {4, {.units = kUnits, .activation = Activation::kRelu}};
    case NotebookNetwork::kExploding:
      break;
  }
  return {3, {.units = kUnits, .kernel_initializer = RandomNormal{.stddev = kTooWide}}};
}

}  // namespace

std::string_view notebook_name(NotebookNetwork network) {
  switch (network) {
    case NotebookNetwork::kSigmoid:
      return "SigmoidNetwork";
    case NotebookNetwork::kRelu:
      return "ReLUNetwork";
    case NotebookNetwork::kExploding:
      break;
  }
  return "ExplodingNetwork";
}

std::vector<NotebookLayer> notebook_layers(NotebookNetwork network, Activation head) {
  std::vector<NotebookLayer> layers = hidden_layers(network);
  layers.push_back({.units = 1, .activation = head});
  return layers;
}

Sequential notebook_network(Stream& stream, NotebookNetwork network,
                            const NetworkOptions& options) {
  Sequential model(stream, {.name = std::string(notebook_name(network)),
                            .input_shape = {options.features},
                            .seed = options.seed,
                            .dtype = options.dtype});
  for (const NotebookLayer& layer : notebook_layers(network, options.head)) {
    model.add(
        Dense(layer.units, layer.activation, {.kernel_initializer = layer.kernel_initializer}));
  }
  return model;
}

Sequential sigmoid_network(Stream& stream, const NetworkOptions& options) {
  return notebook_network(stream, NotebookNetwork::kSigmoid, options);
}

Sequential relu_network(Stream& stream, const NetworkOptions& options) {
  return notebook_network(stream, NotebookNetwork::kRelu, options);
}

Sequential exploding_network(Stream& stream, const NetworkOptions& options) {
  return notebook_network(stream, NotebookNetwork::kExploding, options);
}

SampleData make_sample_data(Stream& stream, std::uint64_t seed, std::int64_t batch, DType dtype) {
  if (batch < 1) {
    throw std::invalid_argument(fmt::format("make_sample_data: batch is {}, not 1 or more", batch));
  }
  const Initializer normal = RandomNormal{.stddev = 1.0};
  const Initializer uniform = RandomUniform{.low = 0.0, .high = 1.0};
  return {.x = initialize(stream, normal, {batch, NetworkOptions{}.features},
                          random_key(seed, "data/x"), dtype),
          .y = initialize(stream, uniform, {batch, 1}, random_key(seed, "data/y"), dtype)};
}

}  // namespace gradvitals
