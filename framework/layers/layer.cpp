#include "framework/layers/layer.h"

#include <fmt/format.h>

#include <stdexcept>

namespace gradvitals {

void Layer::build(const LayerContext& context) {
  name_ = context.name;
  output_shape(context.input_shape);  // Throws before anything is made.
  make_parameters(context);
}

void Layer::refuse_shape(const Shape& shape, std::string_view takes) const {
  throw std::invalid_argument(
      fmt::format("layer '{}': takes {}, not samples of shape {}", name(), takes, shape.text()));
}

}  // namespace gradvitals
