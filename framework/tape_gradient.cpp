#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "framework/dispatch.h"
#include "framework/tape.h"
#include "kernels/ops/activation.h"
#include "kernels/ops/elementwise.h"

namespace gradvitals {

Gradients Tape::gradient(const Tensor& loss, std::span<Parameter* const> parameters) {
  check_loss(loss);
  index_parameters(parameters);
  spent_ = true;
  const int last = find(loss);
  if (find_links(links_)) places_ = layer_places(links_);
  route(last);
  place_parameters(last);
  walk_back(loss, last);
  for (Parameter* parameter : parameters) {
    const Tensor& sum =
        accumulators_[static_cast<std::size_t>(sink_of(parameter->value, kNowhere))].sum;
    gradients_.push_back({parameter, sum.has_value() ? std::optional(sum) : std::nullopt});
    const int index = index_of_parameter(parameter->value);
    places_of_gradients_.push_back(places_of_parameters_[static_cast<std::size_t>(index)]);
  }
  accumulators_.clear();
  loss_ = loss;
  return gradients_;
}

void Tape::check_loss(const Tensor& loss) const {
  if (spent_) {
    throw std::invalid_argument(
        "Tape::gradient: this tape is spent, its gradients have been taken; call reset() and run "
        "the forward pass again");
  }
  if (!loss.has_value() || find(loss) == kNowhere) {
    throw std::invalid_argument("Tape::gradient: the loss was not computed on this tape");
  }
  if (loss.count() != 1) {
    throw std::invalid_argument(
        fmt::format("Tape::gradient: the loss must be a scalar, not {}", loss.shape().text()));
  }
}

// Sorts the parameters by memory, so that routing finds an operand among them without a map.
void Tape::index_parameters(std::span<Parameter* const> parameters) {
  parameters_.clear();
  for (Parameter* parameter : parameters) {
    if (parameter == nullptr || !parameter->value.has_value()) {
      throw std::invalid_argument("Tape::gradient: a parameter is null or holds no tensor");
    }
    if (find(parameter->value) != kNowhere) {
      throw std::invalid_argument(fmt::format(
          "Tape::gradient: '{}' is the result of an op, not a parameter", parameter->name));
    }
    parameters_.push_back({parameter->value.storage_.get(), static_cast<int>(parameters_.size())});
  }
  std::sort(parameters_.begin(), parameters_.end(),
            [](const ParameterSlot& a, const ParameterSlot& b) {
              return a.memory == b.memory ? a.index < b.index : std::less<>()(a.memory, b.memory);
            });
  places_of_parameters_.assign(parameters.size(), ParameterPlace{});
}

int Tape::index_of_parameter(const Tensor& tensor) const {
  const void* memory = tensor.storage_.get();
  const auto slot = std::lower_bound(
      parameters_.begin(), parameters_.end(), memory,
      [](const ParameterSlot& a, const void* b) { return std::less<>()(a.memory, b); });
  return slot != parameters_.end() && slot->memory == memory ? slot->index : kNowhere;
}

int Tape::sink_of(const Tensor& tensor, int position) const {
  if (position != kNowhere) return leads_to_parameter(position) ? position : kNowhere;
  const int index = index_of_parameter(tensor);
  return index == kNowhere ? kNowhere : static_cast<int>(operations_.size()) + index;
}

bool Tape::leads_to_parameter(int position) const {
  const Sinks& sinks = sinks_[static_cast<std::size_t>(position)];
  return std::any_of(sinks.begin(), sinks.end(), [](int sink) { return sink != kNowhere; });
}

// Returns whether the links have changed.
bool Tape::find_links(std::vector<TapeLink>& links) const {
  bool differ = links.size() != operations_.size();
  links.resize(operations_.size());
  for (std::size_t position = 0; position < links.size(); ++position) {
    TapeLink link;
    const Operation& operation = *operations_[position];
    const auto inputs = operation.inputs();
    std::ranges::transform(inputs, link.sources.begin(),
                           [this](const Tensor& input) { return find(input); });
    const Tensor* kernel = operation.watch().kernel;
    if (kernel != nullptr) link.kernel = kernel->storage_.get();
    differ = differ || link != links[position];
    links[position] = link;
  }
  return differ;
}

// Finds, from the first op to the loss, which inputs need a gradient and where it is accumulated.
void Tape::route(int last) {
  sinks_.clear();
  for (int position = 0; position <= last; ++position) {
    const auto inputs = operations_[static_cast<std::size_t>(position)]->inputs();
    const TapeLink& link = links_[static_cast<std::size_t>(position)];
    Sinks sinks;
    sinks.fill(kNowhere);
    std::transform(inputs.begin(), inputs.end(), link.sources.begin(), sinks.begin(),
                   [this](const Tensor& input, int source) { return sink_of(input, source); });
    sinks_.push_back(sinks);
  }
}

// A parameter has the place of the first layer that uses it, else of the first op. Kernel and bias come
// after x among the inputs of a layer.
void Tape::place_parameters(int last) {
  const int base = static_cast<int>(operations_.size());
  for (int position = 0; position <= last; ++position) {
    const LayerPlace& place = places_[static_cast<std::size_t>(position)];
    const bool is_layer = place.layer >= 0;
    const Activation activation =
        operations_[static_cast<std::size_t>(position)]->watch().activation;
    const Sinks& sinks = sinks_[static_cast<std::size_t>(position)];
    for (std::size_t input = 0; input < sinks.size(); ++input) {
      if (sinks[input] < base) continue;
      ParameterPlace& of = places_of_parameters_[static_cast<std::size_t>(sinks[input] - base)];
      if (is_layer && input > 0) {
        if (of.place.layer < 0) of = {place, activation};
      } else if (of.place.network < 0) {
        of.place.network = place.network;
      }
    }
  }
}

void Tape::walk_back(const Tensor& loss, int last) {
  accumulators_.assign(operations_.size() + parameters_.size(), Accumulator{});
  if (!leads_to_parameter(last)) return;
  accumulators_[static_cast<std::size_t>(last)] = {one_like(loss), false};
  for (int position = last; position >= 0; --position) {
    const Accumulator arrived =
        std::exchange(accumulators_[static_cast<std::size_t>(position)], Accumulator{});
    if (!arrived.sum.has_value()) continue;
    BackwardStep step(*this, position, arrived.sum, arrived.owned);
    operations_[static_cast<std::size_t>(position)]->backward(step);
  }
}

void Tape::accumulate(int sink, const Tensor& gradient, bool owned) {
  Accumulator& target = accumulators_[static_cast<std::size_t>(sink)];
  const bool is_parameter = sink >= static_cast<int>(operations_.size());
  if (!target.sum.has_value() && (owned || !is_parameter)) {
    target = {gradient, owned};
    return;
  }
  const bool in_place = target.sum.has_value() && target.owned;
  Tensor sum = in_place ? target.sum : empty(gradient.shape(), gradient.dtype());
  dispatch("Tape::gradient", gradient.dtype(), [&]<class T>() {
    if (target.sum.has_value()) {
      add(stream_, Add<T>{target.sum.flat<T>(), gradient.flat<T>(), sum.flat<T>()});
    } else {
      // Copy: gradients of different parameters never share memory, so that each can be modified in
      // place.
      activation_forward(
          stream_, ActivationForward<T>{Activation::kLinear, gradient.flat<T>(), sum.flat<T>()});
    }
  });
  target = {std::move(sum), true};
}

const Tensor& Tape::one_like(const Tensor& loss) {
  if (!one_.has_value() || one_.dtype() != loss.dtype() || one_.shape() != loss.shape()) {
    dispatch("Tape::gradient", loss.dtype(), [&]<class T>() {
      const T one = 1;
      one_ = Tensor::from_host<T>(stream_, loss.shape(), std::span(&one, 1));
    });
  }
  return one_;
}

}  // namespace gradvitals
