#include "framework/layers/dense.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "framework/ops.h"

namespace gradvitals {
namespace {

const Shape& shape_of(const Parameter& parameter) {
  if (!parameter.value.has_value()) {
    throw std::invalid_argument(
        fmt::format("Dense: parameter '{}' holds no tensor", parameter.name));
  }
  return parameter.value.shape();
}

std::int64_t columns_of(const Parameter& kernel) {
  const Shape& shape = shape_of(kernel);
  if (shape.rank() != 2) {
    throw std::invalid_argument(
        fmt::format("Dense: kernel '{}' is {}, not (inputs, units)", kernel.name, shape.text()));
  }
  return shape[1];
}

}  // namespace

Dense::Dense(std::int64_t units, Activation activation, Options options)
    : units_(units), activation_(activation), options_(std::move(options)) {
  if (units < 1) {
    throw std::invalid_argument(fmt::format("Dense: units is {}, not 1 or more", units));
  }
  if (activation == Activation::kNone) {
    throw std::invalid_argument("Dense: activation 'none' is unknown; use linear for none at all");
  }
}

Dense::Dense(Parameter kernel, std::optional<Parameter> bias, Activation activation)
    : Dense(columns_of(kernel), activation, {.use_bias = bias.has_value()}) {
  if (bias && shape_of(*bias) != Shape{units_}) {
    throw std::invalid_argument(fmt::format("Dense: bias '{}' {} does not fit kernel '{}' {}",
                                            bias->name, bias->value.shape().text(), kernel.name,
                                            kernel.value.shape().text()));
  }
  kernel_ = std::move(kernel);
  bias_ = std::move(bias);
}

Shape Dense::output_shape(const Shape& input) const {
  if (input.rank() != 1 || input[0] < 1) refuse_shape(input, "vectors (I,) with I >= 1");
  if (kernel_.value.has_value() && kernel_.value.shape()[0] != input[0]) {
    refuse_shape(input, fmt::format("vectors ({},)", kernel_.value.shape()[0]));
  }
  return {units_};
}

/// Takes the ready parameters into the model, which is that of those that have none.
void Dense::adopt_parameters(const LayerContext& context) {
  const Device device = context.stream.device();
  for (const Parameter* parameter : parameters()) {
    const Tensor& value = parameter->value;
    if (value.dtype() == context.dtype && value.device() == device) continue;
    throw std::invalid_argument(fmt::format(
        "layer '{}': parameter '{}' is {} on {}, but the model is {} on {}", context.name,
        parameter->name, gradvitals::name(value.dtype()), gradvitals::name(value.device()),
        gradvitals::name(context.dtype), gradvitals::name(device)));
  }
  for (Parameter* parameter : parameters()) {
    if (parameter->model.empty()) parameter->model = context.model;
  }
}

void Dense::make_parameters(const LayerContext& context) {
  if (kernel_.value.has_value()) {
    adopt_parameters(context);
    return;
  }
  const auto parameter = [&](const char* part, const Shape& shape, const Initializer& initializer) {
    std::string name = fmt::format("{}/{}", context.name, part);
    const RandomKey key = random_key(context.seed, fmt::format("{}/{}", context.model, name));
    return Parameter{.name = std::move(name),
                     .value = initialize(context.stream, initializer, shape, key, context.dtype),
                     .model = std::string(context.model)};
  };
  kernel_ = parameter("kernel", {context.input_shape[0], units_}, options_.kernel_initializer);
  if (options_.use_bias) bias_ = parameter("bias", {units_}, options_.bias_initializer);
}

Tensor Dense::forward(Tape& tape, const Tensor& x) const {
  return bias_ ? dense(tape, x, kernel_, *bias_, activation_)
               : dense(tape, x, kernel_, activation_);
}

std::vector<Parameter*> Dense::parameters() {
  std::vector<Parameter*> parameters{&kernel_};
  if (bias_) parameters.push_back(&*bias_);
  return parameters;
}

}  // namespace gradvitals
