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

std::vector<LayerCounter> Dropout::counters() const {
  if (!masks_) return {};
  return {{fmt::format("{}/counter", name()),
           {static_cast<std::uint64_t*>(masks_->counter.data()), 1}}};
}

std::string Dropout::settings() const {
  return fmt::format("rate {}", rate_);
}

Tensor Dropout::forward(Tape& tape, const Tensor& x) const {
  return dropout(tape, x, rate_, masks_.value());
}

}  // namespace gradvitals
