#include "framework/layers/dropout.h"

#include <fmt/format.h>

#include <stdexcept>

#include "framework/initializers.h"

namespace gradvitals {

Dropout::Dropout(double rate) : rate_(rate) {
  if (!(rate >= 0.0 && rate < 1.0)) {
    throw std::invalid_argument(fmt::format("Dropout: rate is {}, not in [0, 1)", rate));
  }
}

void Dropout::make_parameters(const LayerContext& context) {
  masks_.emplace(context.stream,
                 random_key(context.seed, fmt::format("{}/{}", context.model, context.name)));
}

Tensor Dropout::forward(Tape& tape, const Tensor& x) const {
  return dropout(tape, x, rate_, masks_.value());
}

}  // namespace gradvitals
