#include "framework/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "framework/tensor_view.h"

namespace gradvitals {

Sequential::Sequential(Stream stream, SequentialOptions options, std::nullptr_t)
    : stream_(stream), options_(std::move(options)) {
  if (options_.input_width < 1) {
    throw std::invalid_argument(fmt::format("Sequential '{}': input width is {}, not 1 or more",
                                            options_.name, options_.input_width));
  }
}

void Sequential::append(std::unique_ptr<Layer> layer) {
  const std::int64_t input_width =
      layers_.empty() ? options_.input_width : layers_.back().layer->output_width();
  const std::string name = next_name(layer->kind());
  layer->build({.stream = stream_,
                .model = options_.name,
                .name = name,
                .input_width = input_width,
                .seed = options_.seed,
                .dtype = options_.dtype});
  layers_.push_back({name, input_width, std::move(layer)});
}

std::string Sequential::next_name(std::string_view kind) const {
  const auto before = std::count_if(layers_.begin(), layers_.end(), [&](const NamedLayer& other) {
    return other.layer->kind() == kind;
  });
  return before == 0 ? std::string(kind) : fmt::format("{}_{}", kind, before);
}

Tensor Sequential::forward(Tape& tape, const Tensor& x) const {
  Tensor y = x;
  for (const NamedLayer& named : layers_) y = named.layer->forward(tape, y);
  return y;
}

std::vector<Parameter*> Sequential::parameters() const {
  std::vector<Parameter*> all;
  all.reserve(2 * layers_.size());
  for (const NamedLayer& named : layers_) {
    std::ranges::copy(named.layer->parameters(), std::back_inserter(all));
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
    Layer& layer = *layers_[static_cast<std::size_t>(index)].layer;
    for (const Parameter* parameter : layer.parameters()) {
      views.push_back(
          view_of(parameter->name, Role::kWeight, parameter->value, index, layer.activation()));
      views.back().model = parameter->model;
    }
  }
  return views;
}

std::string Sequential::summary() const {
  std::string text = fmt::format("{}, input (batch, {})\n", options_.name, options_.input_width);
  for (const NamedLayer& named : layers_) {
    std::int64_t count = 0;
    for (const Parameter* parameter : named.layer->parameters()) count += parameter->value.count();
    text += fmt::format("  {:<12} {:<10} {:>14} {:>12}\n", named.name,
                        gradvitals::name(named.layer->activation()),
                        fmt::format("(batch, {})", named.layer->output_width()), count);
  }
  return text +
         fmt::format("  {:<12} {:<10} {:>14} {:>12}\n", "parameters", "", "", parameter_count());
}

}  // namespace gradvitals
