#include "framework/layers/layer_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace gradvitals {

Shape build_behind(LayerChain before, Layer& layer, const LayerContext& context) {
  const auto same = std::ranges::count_if(
      before, [&](const auto& other) { return other->kind() == layer.kind(); });
  std::string name = fmt::format("{}{}", context.name, layer.kind());
  if (same > 0) name += fmt::format("_{}", same);
  LayerContext named = context;
  named.name = name;
  layer.build(named);
  return layer.output_shape(context.input_shape);
}

Tensor forward_through(LayerChain layers, Tape& tape, const Tensor& x) {
  Tensor y = x;
  for (const auto& layer : layers) y = layer->forward(tape, y);
  return y;
}

std::vector<Parameter*> parameters_of(LayerChain layers) {
  std::vector<Parameter*> all;
  all.reserve(2 * layers.size());
  for (const auto& layer : layers) {
    std::ranges::copy(layer->parameters(), std::back_inserter(all));
  }
  return all;
}

std::vector<LayerCounter> counters_of(LayerChain layers) {
  std::vector<LayerCounter> all;
  for (const auto& layer : layers) {
    std::ranges::move(layer->counters(), std::back_inserter(all));
  }
  return all;
}

int depth_of(LayerChain layers) {
  int depth = 0;
  for (const auto& layer : layers) depth += layer->depth();
  return depth;
}

void append_views_of(LayerChain layers, int layer, std::vector<TensorView>& views) {
  for (const auto& part : layers) {
    part->append_views(layer, views);
    layer += part->depth();
  }
}

}  // namespace gradvitals
