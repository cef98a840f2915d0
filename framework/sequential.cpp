#include "framework/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "framework/layers/layer_chain.h"

namespace gradvitals {
namespace {

/// "(batch, 64)" of samples of shape (64,).
std::string batch_text(const Shape& sample) {
  return fmt::format("(batch, {})", fmt::join(sample.dims(), ", "));
}

}  // namespace

Sequential::Sequential(Stream stream, SequentialOptions options, std::nullptr_t)
    : stream_(stream), options_(std::move(options)), output_shape_(options_.input_shape) {
  const auto dims = output_shape_.dims();
  if (dims.empty() || std::ranges::any_of(dims, [](std::int64_t dim) { return dim < 1; })) {
    throw std::invalid_argument(fmt::format(
        "Sequential '{}': input shape is {}; one sample has at least one dimension, and "
        "each is 1 or more",
        options_.name, output_shape_.text()));
  }
}

void Sequential::append(std::unique_ptr<Layer> layer) {
  output_shape_ = build_behind(layers_, *layer,
                               {.stream = stream_,
                                .model = options_.name,
                                .name = "",
                                .input_shape = output_shape_,
                                .seed = options_.seed,
                                .dtype = options_.dtype});
  layers_.push_back(std::move(layer));
}

Tensor Sequential::forward(Tape& tape, const Tensor& x) const {
  return forward_through(layers_, tape, x);
}

std::vector<Parameter*> Sequential::parameters() const {
  return parameters_of(layers_);
}

std::vector<Parameter*> Sequential::trainable_variables() const {
  std::vector<Parameter*> trainable = parameters();
  std::erase_if(trainable, [](const Parameter* parameter) { return !parameter->trainable; });
  return trainable;
}

std::int64_t Sequential::parameter_count() const {
  const std::vector<Parameter*> all = parameters();
  return std::accumulate(
      all.begin(), all.end(), std::int64_t{0},
      [](std::int64_t sum, const Parameter* parameter) { return sum + parameter->value.count(); });
}

std::vector<TensorView> Sequential::views() const {
  std::vector<TensorView> views;
  views.reserve(2 * layers_.size());
  append_views_of(layers_, 0, views);
  return views;
}

std::string Sequential::summary() const {
  Shape shape = options_.input_shape;
  std::string text = fmt::format("{}, input {}\n", options_.name, batch_text(shape));
  for (const auto& layer : layers_) {
    std::int64_t count = 0;
    for (const Parameter* parameter : layer->parameters()) count += parameter->value.count();
    shape = layer->output_shape(shape);
    text += fmt::format("  {:<12} {:<10} {:>14} {:>12}\n", layer->name(),
                        gradvitals::name(layer->activation()), batch_text(shape), count);
  }
  return text +
         fmt::format("  {:<12} {:<10} {:>14} {:>12}\n", "parameters", "", "", parameter_count());
}

}  // namespace gradvitals
