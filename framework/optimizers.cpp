#include "framework/optimizers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "framework/dispatch.h"
#include "kernels/ops/optimizer.h"

namespace gradvitals {
namespace {

void check_device(const Stream& stream, const char* what, const Parameter& parameter,
                  const Tensor& tensor) {
  if (tensor.device() == stream.device()) return;
  throw std::invalid_argument(fmt::format("Optimizer: {} '{}' is on device {}, the stream on {}",
                                          what, parameter.name, name(tensor.device()),
                                          name(stream.device())));
}

void check(const Stream& stream, const Gradient& gradient) {
  const Tensor& weight = gradient.parameter->value;
  check_device(stream, "parameter", *gradient.parameter, weight);
  check_device(stream, "the gradient of", *gradient.parameter, *gradient.value);
  if (gradient.value->shape() == weight.shape() && gradient.value->dtype() == weight.dtype())
    return;
  throw std::invalid_argument(fmt::format("Optimizer: gradient {} {} does not fit '{}' {} {}",
                                          gradient.value->shape().text(),
                                          name(gradient.value->dtype()), gradient.parameter->name,
                                          weight.shape().text(), name(weight.dtype())));
}

}  // namespace

Updates Optimizer::apply(Stream& stream, const Gradients& gradients, const UpdateGuard& guard) {
  for (const Gradient& gradient : gradients) {
    if (gradient.value) check(stream, gradient);
  }
  Updates updates;
  updates.entries.reserve(gradients.size());
  updates.sum_squares =
      Tensor::zeros(stream, {static_cast<std::int64_t>(gradients.size())}, DType::kFloat64);
  double* sum_squares = updates.sum_squares.flat<double>().data;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& [parameter, gradient] = gradients[i];
    updates.entries.push_back({parameter, gradient.has_value()});
    if (!gradient) continue;
    update(stream, {.gradient = *gradient,
                    .weight = parameter->value,
                    .state = state_of(stream, i, *parameter),
                    .sum_squares = {sum_squares + i, 1},
                    .guard = guard});
  }
  return updates;
}

void Optimizer::set_learning_rate(double rate) {
  if (!std::isfinite(rate)) {
    throw std::invalid_argument(fmt::format("Optimizer: learning rate {} is not finite", rate));
  }
  take_learning_rate(rate);
}

// A training loop passes the same parameters in the same order: the hint finds them at once.
std::size_t Optimizer::place_of(std::size_t hint, const Parameter& parameter) const {
  const auto is_its = [&](const State& state) { return state.parameter == &parameter; };
  if (hint < states_.size() && is_its(states_[hint])) return hint;
  return static_cast<std::size_t>(std::ranges::find_if(states_, is_its) - states_.begin());
}

bool Optimizer::fits(const State& state, const Parameter& parameter) {
  const Tensor& weight = parameter.value;
  return state.name == parameter.name && state.shape == weight.shape() &&
         state.dtype == weight.dtype() && state.steps.device() == weight.device();
}

const Optimizer::State& Optimizer::state_of(Stream& stream, std::size_t hint,
                                            const Parameter& parameter) {
  const std::size_t place = place_of(hint, parameter);
  if (place == states_.size()) return states_.emplace_back(new_state(stream, parameter));
  State& state = states_[place];
  if (!fits(state, parameter)) state = new_state(stream, parameter);
  return state;
}

Optimizer::State Optimizer::new_state(Stream& stream, const Parameter& parameter) const {
  const Tensor& weight = parameter.value;
  State state{.parameter = &parameter,
              .name = parameter.name,
              .shape = weight.shape(),
              .dtype = weight.dtype(),
              .tensors = {},
              .steps = Buffer(stream, sizeof(std::int64_t))};
  fill_zero(stream, state.steps.data(), state.steps.bytes());
  for (std::size_t i = 0; i < state_names().size(); ++i) {
    state.tensors.push_back(Tensor::zeros(stream, weight.shape(), weight.dtype()));
  }
  return state;
}

std::vector<TensorView> Updates::views() const {
  std::vector<TensorView> views;
  views.reserve(entries.size());
  const auto* const squares =
      entries.empty() ? nullptr : static_cast<const double*>(sum_squares.data());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    views.push_back({.name = entries[i].parameter->name,
                     .model = entries[i].parameter->model,
                     .role = Role::kUpdateSquares,
                     .data = squares + i,
                     .count = 1,
                     .rows = 1,
                     .cols = 1,
                     .rank = 0,
                     .dtype = DType::kFloat64,
                     .device = sum_squares.device()});
  }
  return views;
}

void Sgd::update(Stream& stream, const Update& update) {
  const Tensor& weight = update.weight;
  dispatch("Sgd", weight.dtype(), [&]<class T>() {
    sgd_update(stream, SgdUpdate<T>{.gradient = update.gradient.flat<T>(),
                                    .weight = weight.flat<T>(),
                                    .learning_rate = options_.learning_rate,
                                    .update_sum_squares = update.sum_squares,
                                    .guard = update.guard});
  });
}

void Momentum::update(Stream& stream, const Update& update) {
  const State& state = update.state;
  dispatch("Momentum", update.weight.dtype(), [&]<class T>() {
    momentum_update(stream, MomentumUpdate<T>{.gradient = update.gradient.flat<T>(),
                                              .weight = update.weight.flat<T>(),
                                              .velocity = state.tensors[0].flat<T>(),
                                              .learning_rate = options_.learning_rate,
                                              .momentum = options_.momentum,
                                              .nesterov = options_.nesterov,
                                              .update_sum_squares = update.sum_squares,
                                              .guard = update.guard});
  });
}

void Adam::update(Stream& stream, const Update& update) {
  const State& state = update.state;
  dispatch("Adam", update.weight.dtype(), [&]<class T>() {
    adam_update(stream, AdamUpdate<T>{.gradient = update.gradient.flat<T>(),
                                      .weight = update.weight.flat<T>(),
                                      .first_moment = state.tensors[0].flat<T>(),
                                      .second_moment = state.tensors[1].flat<T>(),
                                      .steps = {static_cast<std::int64_t*>(state.steps.data()), 1},
                                      .learning_rate = options_.learning_rate,
                                      .beta1 = options_.beta1,
                                      .beta2 = options_.beta2,
                                      .epsilon = options_.epsilon,
                                      .weight_decay = weight_decay_,
                                      .update_sum_squares = update.sum_squares,
                                      .guard = update.guard});
  });
}

AdamW::AdamW() : AdamW(Options{}) {}

AdamW::AdamW(Options options)
    : Adam({.learning_rate = options.learning_rate,
            .beta1 = options.beta1,
            .beta2 = options.beta2,
            .epsilon = options.epsilon},
           options.weight_decay) {}

}  // namespace gradvitals
