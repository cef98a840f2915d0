#include "framework/layers/layer.h"

#include <fmt/format.h>

#include <stdexcept>

#include "framework/tensor_view.h"

namespace gradvitals {

void Layer::build(const LayerContext& context) {
  name_ = context.name;
  output_shape(context.input_shape);  // Throws before anything is made.
  make_parameters(context);
}

void Layer::append_views(int layer, std::vector<TensorView>& views) {
  for (const Parameter* parameter : parameters()) {
    views.push_back(view_of(parameter->name, Role::kWeight, parameter->value,
                            depth() == 0 ? -1 : layer, activation()));
    views.back().model = parameter->model;
  }
}

void Layer::refuse_shape(const Shape& shape, std::string_view takes) const {
  throw std::invalid_argument(
      fmt::format("layer '{}': takes {}, not samples of shape {}", name(), takes, shape.text()));
}

}  // namespace gradvitals
