#include "framework/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "framework/tensor_view.h"

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
  const std::string name = next_name(layer->kind());
  layer->build({.stream = stream_,
                .model = options_.name,
                .name = name,
                .input_shape = output_shape_,
                .seed = options_.seed,
                .dtype = options_.dtype});
  output_shape_ = layer->output_shape(output_shape_);
  layers_.push_back(std::move(layer));
}

std::string Sequential::next_name(std::string_view kind) const {
  const auto before = std::count_if(layers_.begin(), layers_.end(),
                                    [&](const auto& other) { return other->kind() == kind; });
  return before == 0 ? std::string(kind) : fmt::format("{}_{}", kind, before);
}

Tensor Sequential::forward(Tape& tape, const Tensor& x) const {
  Tensor y = x;
  for (const auto& layer : layers_) y = layer->forward(tape, y);
  return y;
}

std::vector<Parameter*> Sequential::parameters() const {
  std::vector<Parameter*> all;
  all.reserve(2 * layers_.size());
  for (const auto& layer : layers_) {
    std::ranges::copy(layer->parameters(), std::back_inserter(all));
  }
  return all;
}

std::vector<Parameter*> Sequential::trainable_variables() const {
  std::vector<Parameter*> variables = parameters();
  std::erase_if(variables, [](const Parameter* parameter) { return !parameter->trainable; });
  return variables;
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
  for (int index = 0; index < static_cast<int>(layers_.size()); ++index) {
    Layer& layer = *layers_[static_cast<std::size_t>(index)];
    for (const Parameter* parameter : layer.parameters()) {
      views.push_back(
          view_of(parameter->name, Role::kWeight, parameter->value, index, layer.activation()));
      views.back().model = parameter->model;
    }
  }
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
