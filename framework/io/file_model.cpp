#include "framework/io/file_model.h"

#include "framework/losses.h"
#include "framework/ops.h"
#include "framework/tensor_view.h"

namespace gradvitals {

FileModel::FileModel(Stream& stream, const ModelFile& file) : loss_(file.loss) {
  layers_.reserve(file.layers.size());
  for (const ModelFileLayer& source : file.layers) {
    Layer& layer = layers_.emplace_back();
    layer.activation = source.activation;
    layer.kernel = {
        .name = source.kernel_name,
        .value = Tensor::from_host<float>(stream, {source.inputs, source.outputs}, source.kernel)};
    if (source.bias_name.empty()) continue;
    layer.bias = {.name = source.bias_name,
                  .value = Tensor::from_host<float>(stream, {source.outputs}, source.bias)};
  }
}

Tensor FileModel::forward(Tape& tape, const Tensor& x) const {
  Tensor y = x;
  for (const Layer& layer : layers_) {
    y = layer.bias ? dense(tape, y, layer.kernel, *layer.bias, layer.activation)
                   : dense(tape, y, layer.kernel, layer.activation);
  }
  return y;
}

Tensor FileModel::loss(Tape& tape, const Tensor& y, const Tensor& target) const {
  return gradvitals::loss(tape, loss_, y, target);
}

std::vector<Parameter*> FileModel::trainable_variables() {
  std::vector<Parameter*> parameters;
  for (Layer& layer : layers_) {
    parameters.push_back(&layer.kernel);
    if (layer.bias) parameters.push_back(&*layer.bias);
  }
  return parameters;
}

std::vector<TensorView> FileModel::views() const {
  std::vector<TensorView> views;
  for (int index = 0; index < static_cast<int>(layers_.size()); ++index) {
    const Layer& layer = layers_[static_cast<std::size_t>(index)];
    const auto add = [&](const Parameter& parameter) {
      views.push_back(
          view_of(parameter.name, Role::kWeight, parameter.value, index, layer.activation));
    };
    add(layer.kernel);
    if (layer.bias) add(*layer.bias);
  }
  return views;
}

}  // namespace gradvitals
