#include "framework/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "framework/tape.h"

namespace gradvitals {

Operation::Operation(std::initializer_list<Tensor> inputs, Tensor output)
    : input_count_(inputs.size()), output_(std::move(output)) {
  if (inputs.size() > kMaxInputs) {
    throw std::invalid_argument(
        fmt::format("Operation: {} inputs, at most {}", inputs.size(), kMaxInputs));
  }
  std::copy(inputs.begin(), inputs.end(), inputs_.begin());
}

Stream& BackwardStep::stream() const {
  return tape_.stream();
}

int BackwardStep::sink(int input) const {
  return tape_.sinks_[static_cast<std::size_t>(position_)][static_cast<std::size_t>(input)];
}

bool BackwardStep::needs_grad(int input) const {
  return sink(input) != Tape::kNowhere;
}

Tensor BackwardStep::empty_like(const Tensor& tensor) const {
  return tape_.empty(tensor.shape(), tensor.dtype());
}

void BackwardStep::accumulate(int input, const Tensor& gradient) {
  if (needs_grad(input)) tape_.accumulate(sink(input), gradient, true);
}

void BackwardStep::accumulate_alias(int input, const Tensor& gradient) {
  if (needs_grad(input)) tape_.accumulate(sink(input), gradient, false);
}

}  // namespace gradvitals
