// State of optimizers out and in: copies through the host, so that it may come from another device.
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "framework/dispatch.h"
#include "framework/optimizers.h"

namespace gradvitals {
namespace {

constexpr std::string_view kStepsName = "steps";
/// The integers up to here are float64 numbers.
constexpr double kMostSteps = 0x1p53;

std::string state_name(const Parameter& parameter, std::string_view part) {
  return fmt::format("{}/{}", parameter.name, part);
}

Tensor copy_of_state(Stream& stream, const Tensor& tensor) {
  Tensor copy;
  dispatch("Optimizer", tensor.dtype(), [&]<class T>() {
    copy = Tensor::from_host<T>(stream, tensor.shape(), tensor.to_host<T>());
  });
  return copy;
}

[[noreturn]] void refuse_state(std::string_view name, std::string_view why) {
  throw std::invalid_argument(fmt::format("Optimizer: state '{}' {}", name, why));
}

/// The tensors by their names, each to be taken once.
class StateTensors {
 public:
  explicit StateTensors(std::span<const OptimizerTensor> tensors) {
    for (const OptimizerTensor& tensor : tensors) {
      if (!tensor.value.has_value()) refuse_state(tensor.name, "holds no tensor");
      if (!tensors_.emplace(tensor.name, &tensor.value).second) {
        refuse_state(tensor.name, "is there twice");
      }
    }
  }

  const Tensor& take(const std::string& name, const Shape& shape, DType dtype) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      refuse_state(name, "is missing; load all that state() gave for these parameters");
    }
    const Tensor& tensor = *found->second;
    if (tensor.shape() != shape || tensor.dtype() != dtype) {
      refuse_state(name, fmt::format("is {} {}, and {} {} is needed", tensor.shape().text(),
                                     gradvitals::name(tensor.dtype()), shape.text(),
                                     gradvitals::name(dtype)));
    }
    tensors_.erase(found);
    return tensor;
  }

  std::int64_t take_steps(const std::string& name) {
    const double steps = take(name, {1}, DType::kFloat64).item();
    if (!(steps >= 0 && steps <= kMostSteps && steps == std::floor(steps))) {
      refuse_state(name, fmt::format("is {}, not a number of steps", steps));
    }
    return static_cast<std::int64_t>(steps);
  }

  void expect_none_left() const {
    if (tensors_.empty()) return;
    refuse_state(tensors_.begin()->first,
                 "is none that this kind of optimizer has of these parameters");
  }

 private:
  std::unordered_map<std::string_view, const Tensor*> tensors_;
};

}  // namespace

void Optimizer::check_stateful(const Stream& stream, std::span<Parameter* const> parameters) const {
  std::unordered_set<Name> names;
  for (const Parameter* parameter : parameters) {
    if (!names.insert(parameter->name).second) {
      throw std::invalid_argument(fmt::format(
          "Optimizer: two parameters are called '{}'; take the state of one model at a time",
          parameter->name));
    }
    if (parameter->value.device() == stream.device()) continue;
    throw std::invalid_argument(
        fmt::format("Optimizer: parameter '{}' is on device {}, the stream on {}", parameter->name,
                    name(parameter->value.device()), name(stream.device())));
  }
}

std::vector<OptimizerTensor> Optimizer::state(Stream& stream,
                                              std::span<Parameter* const> parameters) const {
  check_stateful(stream, parameters);
  stream.synchronize();
  const std::vector<std::string_view> names = state_names();
  std::vector<OptimizerTensor> tensors;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = *parameters[i];
    const std::size_t place = place_of(i, parameter);
    const bool has_state = place < states_.size() && fits(states_[place], parameter);
    const State initial = has_state ? State{} : new_state(stream, parameter);
    const State& state = has_state ? states_[place] : initial;
    for (std::size_t part = 0; part < names.size(); ++part) {
      tensors.push_back(
          {state_name(parameter, names[part]), copy_of_state(stream, state.tensors[part])});
    }
    if (!counts_steps()) continue;
    std::int64_t steps = 0;
    copy_to_host(stream, state.steps.data(), sizeof(steps), &steps);
    const double exact = static_cast<double>(steps);
    tensors.push_back({state_name(parameter, kStepsName),
                       Tensor::from_host<double>(stream, {1}, std::span(&exact, 1))});
  }
  return tensors;
}

std::vector<Optimizer::LoadedState> Optimizer::find_state(
    std::span<Parameter* const> parameters, std::span<const OptimizerTensor> tensors) const {
  StateTensors given(tensors);
  std::vector<LoadedState> loaded;
  for (const Parameter* parameter : parameters) {
    LoadedState& state = loaded.emplace_back();
    const Tensor& weight = parameter->value;
    for (const std::string_view part : state_names()) {
      state.tensors.push_back(
          &given.take(state_name(*parameter, part), weight.shape(), weight.dtype()));
    }
    if (counts_steps()) state.steps = given.take_steps(state_name(*parameter, kStepsName));
  }
  given.expect_none_left();
  return loaded;
}

void Optimizer::load_state(Stream& stream, std::span<Parameter* const> parameters,
                           std::span<const OptimizerTensor> tensors) {
  check_stateful(stream, parameters);
  const std::vector<LoadedState> loaded = find_state(parameters, tensors);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const State& state = state_of(stream, i, *parameters[i]);
    for (std::size_t part = 0; part < state.tensors.size(); ++part) {
      const Tensor& source = *loaded[i].tensors[part];
      dispatch("Optimizer", source.dtype(), [&]<class T>() {
        state.tensors[part].copy_from_host<T>(stream, source.to_host<T>());
      });
    }
    copy_to_device(stream, &loaded[i].steps, sizeof(loaded[i].steps), state.steps.data());
  }
}

}  // namespace gradvitals
