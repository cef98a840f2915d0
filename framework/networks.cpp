#include "framework/networks.h"

#include <fmt/format.h>

#include <stdexcept>

#include "framework/initializers.h"
#include "framework/layers/dense.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kUnits = 64;

SequentialOptions named(const char* name, const NetworkOptions& options) {
  return {.name = name,
          .input_shape = {options.features},
          .seed = options.seed,
          .dtype = options.dtype};
}

}  // namespace

Sequential sigmoid_network(Stream& stream, const NetworkOptions& options) {
  return Sequential(stream, named("SigmoidNetwork", options),
                    Dense(kUnits, Activation::kSigmoid),  //
                    Dense(kUnits, Activation::kSigmoid),  //
                    Dense(kUnits, Activation::kSigmoid),  //
                    Dense(kUnits, Activation::kSigmoid),  //
                    Dense(1, options.head));
}

Sequential relu_network(Stream& stream, const NetworkOptions& options) {
  return Sequential(stream, named("ReLUNetwork", options), Dense(kUnits, Activation::kRelu),  //
                    Dense(kUnits, Activation::kRelu),                                         //
                    Dense(kUnits, Activation::kRelu),                                         //
                    Dense(kUnits, Activation::kRelu),                                         //
                    Dense(1, options.head));
}

Sequential exploding_network(Stream& stream, const NetworkOptions& options) {
  const Dense::Options too_wide{.kernel_initializer = RandomNormal{.stddev = 2.0}};
  return Sequential(stream, named("ExplodingNetwork", options),
                    Dense(kUnits, Activation::kLinear, too_wide),  //
                    Dense(kUnits, Activation::kLinear, too_wide),  //
                    Dense(kUnits, Activation::kLinear, too_wide),  //
                    Dense(1, options.head));
}

SampleData make_sample_data(Stream& stream, std::uint64_t seed, std::int64_t batch, DType dtype) {
  if (batch < 1) {
    throw std::invalid_argument(fmt::format("make_sample_data: batch is {}, not 1 or more", batch));
  }
  const Initializer normal = RandomNormal{.stddev = 1.0};
  const Initializer uniform = RandomUniform{.low = 0.0, .high = 1.0};
  return {.x = initialize(stream, normal, {batch, NetworkOptions{}.features},
                          random_key(seed, "data/x"), dtype),
          .y = initialize(stream, uniform, {batch, 1}, random_key(seed, "data/y"), dtype)};
}

}  // namespace gradvitals
