#include "framework/layers/layer_norm.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "framework/initializers.h"
#include "framework/ops.h"

namespace gradvitals {

LayerNorm::LayerNorm(double epsilon) : epsilon_(epsilon) {
  if (!(epsilon > 0.0 && std::isfinite(epsilon))) {
    throw std::invalid_argument(
        fmt::format("LayerNorm: epsilon is {}, not positive and finite", epsilon));
  }
}

Shape LayerNorm::output_shape(const Shape& input) const {
  if (input.rank() == 0 || input.count() == 0) refuse_shape(input, "one dimension and more");
  return input;
}

void LayerNorm::make_parameters(const LayerContext& context) {
  const auto parameter = [&](const char* part, double value) {
    const Shape shape{context.input_shape[context.input_shape.rank() - 1]};
    return Parameter{
        .name = fmt::format("{}/{}", context.name, part),
        .value = initialize(context.stream, Constant{value}, shape, RandomKey{}, context.dtype),
        .model = std::string(context.model)};
  };
  gamma_ = parameter("gamma", 1.0);
  beta_ = parameter("beta", 0.0);
}

Tensor LayerNorm::forward(Tape& tape, const Tensor& x) const {
  return layer_norm(tape, x, gamma_, beta_, epsilon_);
}

}  // namespace gradvitals
