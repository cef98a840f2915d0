#include "framework/tape.h"

#include <fmt/format.h>

#include <stdexcept>

#include "framework/tensor_view.h"

namespace gradvitals {
namespace {

/// Made once: a step that is watched makes no strings.
const Name& loss_name() {
  static const Name name("loss");
  return name;
}

}  // namespace

void Tape::check_operands(const char* op, std::initializer_list<const Tensor*> operands) const {
  const Tensor* first = nullptr;
  for (const Tensor* operand : operands) {
    if (!operand->has_value()) {
      throw std::invalid_argument(fmt::format("{}: an operand is no tensor", op));
    }
    if (operand->device() != stream_.device()) {
      throw std::invalid_argument(fmt::format("{}: {} is on device {}, the tape on {}", op,
                                              operand->shape().text(), name(operand->device()),
                                              name(stream_.device())));
    }
    if (first == nullptr) first = operand;
    if (operand->dtype() != first->dtype()) {
      throw std::invalid_argument(fmt::format("{}: {} holds {} and {} holds {}", op,
                                              first->shape().text(), name(first->dtype()),
                                              operand->shape().text(), name(operand->dtype())));
    }
  }
}

Tensor Tape::empty(const Shape& shape, DType dtype) {
  if (memory_used_ == memory_.size()) memory_.emplace_back();
  Tensor& slot = memory_[memory_used_++];
  const bool fits = slot.has_value() && slot.storage_.use_count() == 1 && slot.dtype() == dtype &&
                    slot.shape() == shape;
  if (!fits) slot = Tensor(stream_, shape, dtype);
  return slot;
}

Tensor Tape::record(std::unique_ptr<Operation> operation) {
  if (spent_) {
    throw std::invalid_argument(
        "Tape: gradient() has been taken; call reset() before a new forward");
  }
  operation->output_.tape_position_ = static_cast<int>(operations_.size());
  operations_.push_back(std::move(operation));
  return operations_.back()->output();
}

const WatchNames* Tape::watch_names(const Parameter& kernel) {
  if (names_used_ == names_.size()) names_.emplace_back();
  WatchNames& names = names_[names_used_++];
  if (names.kernel != kernel.name || names.model != kernel.model) {
    const std::string_view scope = kernel.scope();
    names = {.kernel = kernel.name,
             .model = kernel.model,
             .pre_activation = fmt::format("{}/pre_activation", scope),
             .output = fmt::format("{}/output", scope),
             .delta = fmt::format("{}/delta", scope)};
  }
  return &names;
}

void Tape::reset() {
  spent_ = false;
  operations_.clear();
  names_used_ = 0;
  gradients_.clear();
  places_of_gradients_.clear();
  loss_ = {};
  parameters_.clear();
  accumulators_.clear();
  memory_used_ = 0;
}

int Tape::find(const Tensor& tensor) const {
  const int position = tensor.tape_position_;
  const bool recorded =
      position >= 0 && position < static_cast<int>(operations_.size()) &&
      operations_[static_cast<std::size_t>(position)]->output().shares_memory_with(tensor);
  return recorded ? position : kNowhere;
}

std::vector<TensorView> Tape::gradient_views() const {
  std::vector<TensorView> views;
  views.reserve(gradients_.size());
  append_gradients(views);
  return views;
}

std::vector<TensorView> Tape::views() const {
  std::vector<TensorView> views;
  views.reserve(gradients_.size() + 3 * names_used_ + 1);
  append_gradients(views);
  std::vector<LayerPlace> places_now;
  if (!spent_) {  // gradient() has not found them yet.
    std::vector<TapeLink> links;
    find_links(links);
    places_now = layer_places(links);
  }
  const std::vector<LayerPlace>& places = spent_ ? places_ : places_now;
  for (std::size_t position = 0; position < operations_.size(); ++position) {
    append_offer(operations_[position]->watch(), places[position], views);
  }
  if (loss_.has_value()) {
    views.push_back(view_of(loss_name(), Role::kLoss, loss_, /*layer=*/-1, Activation::kNone));
  }
  return views;
}

void Tape::append_offer(const WatchOffer& offer, const LayerPlace& place,
                        std::vector<TensorView>& views) {
  if (offer.names == nullptr) return;
  const auto add = [&](const Name& name, Role role, const Tensor* tensor) {
    if (tensor == nullptr || !tensor->has_value()) return;
    views.push_back(view_of(name, role, *tensor, place.layer, offer.activation));
    views.back().model = offer.names->model;
    views.back().network = place.network;
  };
  add(offer.names->pre_activation, Role::kPreActivation, offer.pre_activation);
  add(offer.names->output, Role::kOutput, offer.output);
  add(offer.names->delta, Role::kDelta, offer.delta);
}

void Tape::append_gradients(std::vector<TensorView>& views) const {
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    const auto& [parameter, gradient] = gradients_[i];
    const auto& [place, activation] = places_of_gradients_[i];
    // The tensor by reference: the view has its data pointer. Name and model are shared, each an
    // atomic increment, which spares the strings.
    const Tensor& shown = gradient ? *gradient : parameter->value;
    views.push_back(view_of(parameter->name, Role::kGradient, shown, place.layer, activation));
    views.back().model = parameter->model;
    views.back().network = place.network;
    if (!gradient) views.back().data = nullptr;
  }
}

}  // namespace gradvitals
