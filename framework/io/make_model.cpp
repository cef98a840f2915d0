#include "framework/io/make_model.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "framework/layers/dense.h"

namespace gradvitals {

Sequential make_model(Stream& stream, const ModelFile& file) {
  if (file.layers.empty()) throw std::invalid_argument("make_model: the model file has no layers");
  Sequential model(stream, {.name = "Model", .input_shape = {file.layers.front().inputs}});
  for (const ModelFileLayer& layer : file.layers) {
    Parameter kernel{
        .name = layer.kernel_name,
        .value = Tensor::from_host<float>(stream, {layer.inputs, layer.outputs}, layer.kernel)};
    std::optional<Parameter> bias;
    if (!layer.bias_name.empty()) {
      bias = {.name = layer.bias_name,
              .value = Tensor::from_host<float>(stream, {layer.outputs}, layer.bias)};
    }
    model.add(Dense(std::move(kernel), std::move(bias), layer.activation));
  }
  return model;
}

}  // namespace gradvitals
