#include "framework/sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>

#include "framework/layers/layer_chain.h"
#include "kernels/runtime/buffer.h"

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

std::vector<LayerCount> Sequential::layer_counts(Stream& stream) const {
  std::vector<LayerCount> counts;
  for (const LayerCounter& counter : counters_of(layers_)) {
    LayerCount& count = counts.emplace_back(LayerCount{.name = counter.name});
    copy_to_host(stream, counter.value.data, sizeof(count.value), &count.value);
  }
  return counts;
}

void Sequential::set_layer_counts(Stream& stream, std::span<const LayerCount> counts) {
  const auto refuse = [&](std::string_view name, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("Sequential '{}': layer count '{}' {}", options_.name, name, why));
  };
  std::map<std::string_view, const void*> sources;
  for (const LayerCount& count : counts) {
    if (!sources.emplace(count.name, &count.value).second) refuse(count.name, "is there twice");
  }
  std::vector<std::pair<const void*, void*>> copies;
  for (const LayerCounter& counter : counters_of(layers_)) {
    const auto found = sources.find(counter.name);
    if (found == sources.end()) refuse(counter.name, "is missing");
    copies.emplace_back(found->second, counter.value.data);
    sources.erase(found);
  }
  if (!sources.empty()) refuse(sources.begin()->first, "is of none of its layers");
  for (const auto& [from, to] : copies) copy_to_device(stream, from, sizeof(std::uint64_t), to);
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
    const std::string settings = layer->settings();
    text += fmt::format("  {:<12} {:<10} {:>14} {:>12}{}{}\n", layer->name(),
                        gradvitals::name(layer->activation()), batch_text(shape), count,
                        settings.empty() ? "" : "  ", settings);
  }
  return text +
         fmt::format("  {:<12} {:<10} {:>14} {:>12}\n", "parameters", "", "", parameter_count());
}

}  // namespace gradvitals
