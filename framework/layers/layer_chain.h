// A chain of layers, as models and blocks hold it. Private to framework/.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "framework/layers/layer.h"

namespace gradvitals {

using LayerChain = std::span<const std::unique_ptr<Layer>>;

/// Builds `layer` as the successor of `before`, and returns its output shape. context.input_shape is the
/// output shape of the last one; the layer's name is context.name, its kind and the number of layers of
/// that kind before it: "dense_1", or "residual/dense_1" if context.name is "residual/".
Shape build_behind(LayerChain before, Layer& layer, const LayerContext& context);

Tensor forward_through(LayerChain layers, Tape& tape, const Tensor& x);

/// In the order of the layers.
std::vector<Parameter*> parameters_of(LayerChain layers);

/// In the order of the layers.
std::vector<LayerCounter> counters_of(LayerChain layers);

/// Layer::depth() of all of them.
int depth_of(LayerChain layers);

/// Layer::append_views() of all of them, the first being number `layer`.
void append_views_of(LayerChain layers, int layer, std::vector<TensorView>& views);

}  // namespace gradvitals
