#include "framework/layers/residual.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "framework/layers/layer_chain.h"
#include "framework/ops.h"

namespace gradvitals {

Residual::Residual(std::vector<std::unique_ptr<Layer>> layers) : layers_(std::move(layers)) {
  if (layers_.empty()) throw std::invalid_argument("Residual: has no layers");
}

Shape Residual::output_shape(const Shape& input) const {
  Shape shape = input;
  for (const auto& layer : layers_) shape = layer->output_shape(shape);
  if (shape != input) {
    throw std::invalid_argument(fmt::format(
        "layer '{}': x + f(x) of a sample of shape {}, of which its layers make {}; the "
        "last one must give the shape that the first one takes",
        name(), input.text(), shape.text()));
  }
  return shape;
}

void Residual::make_parameters(const LayerContext& context) {
  const std::string scope = fmt::format("{}/", context.name);
  LayerContext within = context;
  within.name = scope;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    within.input_shape = build_behind(LayerChain(layers_).first(i), *layers_[i], within);
  }
}

std::string Residual::settings() const {
  std::string text;
  for (const auto& layer : layers_) {
    const std::string own = layer->settings();
    text += fmt::format("{}{} {}{}{}", text.empty() ? "of " : ", ", layer->kind(),
                        gradvitals::name(layer->activation()), own.empty() ? "" : " ", own);
  }
  return text;
}

Tensor Residual::forward(Tape& tape, const Tensor& x) const {
  return add(tape, x, forward_through(layers_, tape, x));
}

std::vector<Parameter*> Residual::parameters() {
  return parameters_of(layers_);
}

std::vector<LayerCounter> Residual::counters() const {
  return counters_of(layers_);
}

int Residual::depth() const {
  return depth_of(layers_);
}

void Residual::append_views(int layer, std::vector<TensorView>& views) {
  append_views_of(layers_, layer, views);
}

}  // namespace gradvitals
