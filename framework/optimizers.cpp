#include "framework/optimizers.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "framework/dispatch.h"
#include "kernels/optimizer.h"

namespace gradvitals {
namespace {

void check(const Gradient& gradient) {
  const Tensor& weight = gradient.variable->value;
  if (gradient.value->shape() == weight.shape() && gradient.value->dtype() == weight.dtype())
    return;
  throw std::invalid_argument(fmt::format("Optimizer: gradient {} {} does not fit '{}' {} {}",
                                          gradient.value->shape().text(),
                                          name(gradient.value->dtype()), gradient.variable->name,
                                          weight.shape().text(), name(weight.dtype())));
}

}  // namespace

Updates Optimizer::apply(Stream& stream, const Gradients& gradients) {
  for (const Gradient& gradient : gradients) {
    if (gradient.value) check(gradient);
  }
  begin_step();
  Updates updates;
  updates.entries.reserve(gradients.size());
  updates.sum_squares =
      Tensor::zeros(stream, {static_cast<std::int64_t>(gradients.size())}, DType::kFloat64);
  double* sum_squares = updates.sum_squares.flat<double>().data;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& [variable, gradient] = gradients[i];
    updates.entries.push_back({variable, gradient.has_value()});
    if (!gradient) continue;
    update(stream, *gradient, variable->value, state_of(stream, i, variable->value),
           {sum_squares + i, 1});
  }
  return updates;
}

// A training loop passes the same variables in the same order: the hint finds them at once.
std::span<const Tensor> Optimizer::state_of(Stream& stream, std::size_t hint,
                                            const Tensor& weight) {
  const auto is_its = [&](const State& state) { return state.weight.shares_memory_with(weight); };
  if (hint < states_.size() && is_its(states_[hint])) return states_[hint].tensors;
  auto state = std::find_if(states_.begin(), states_.end(), is_its);
  if (state == states_.end()) {
    states_.push_back({weight, {}});
    state = std::prev(states_.end());
    for (int i = 0; i < state_count(); ++i) {
      state->tensors.push_back(Tensor::zeros(stream, weight.shape(), weight.dtype()));
    }
  }
  return state->tensors;
}

void Sgd::update(Stream& stream, const Tensor& gradient, const Tensor& weight,
                 std::span<const Tensor> /*state*/, VectorView<double> sum_squares) {
  dispatch("Sgd", weight.dtype(), [&]<class T>() {
    sgd_update(stream, SgdUpdate<T>{.gradient = gradient.flat<T>(),
                                    .weight = weight.flat<T>(),
                                    .learning_rate = options_.learning_rate,
                                    .update_sum_squares = sum_squares});
  });
}

void Momentum::update(Stream& stream, const Tensor& gradient, const Tensor& weight,
                      std::span<const Tensor> state, VectorView<double> sum_squares) {
  dispatch("Momentum", weight.dtype(), [&]<class T>() {
    momentum_update(stream, MomentumUpdate<T>{.gradient = gradient.flat<T>(),
                                              .weight = weight.flat<T>(),
                                              .velocity = state[0].flat<T>(),
                                              .learning_rate = options_.learning_rate,
                                              .momentum = options_.momentum,
                                              .nesterov = options_.nesterov,
                                              .update_sum_squares = sum_squares});
  });
}

void Adam::update(Stream& stream, const Tensor& gradient, const Tensor& weight,
                  std::span<const Tensor> state, VectorView<double> sum_squares) {
  dispatch("Adam", weight.dtype(), [&]<class T>() {
    adam_update(stream, AdamUpdate<T>{.gradient = gradient.flat<T>(),
                                      .weight = weight.flat<T>(),
                                      .first_moment = state[0].flat<T>(),
                                      .second_moment = state[1].flat<T>(),
                                      .step = step_,
                                      .learning_rate = options_.learning_rate,
                                      .beta1 = options_.beta1,
                                      .beta2 = options_.beta2,
                                      .epsilon = options_.epsilon,
                                      .update_sum_squares = sum_squares});
  });
}

}  // namespace gradvitals
