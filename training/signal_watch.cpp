#include "training/signal_watch.h"

#include <utility>

#include "framework/losses.h"

namespace gradvitals {
namespace {

constexpr auto kDotsBytes = static_cast<std::int64_t>(sizeof(TensorDots));

/// What layers count while halves are differentiated: steps count from 0, so that these masks are
/// drawn nowhere else, and those of two halves differ.
constexpr std::uint64_t kFirstCountOfHalves = std::uint64_t{1} << 63;

/// The memory of so many records.
VectorView<TensorDots> dots_in(const Buffer& buffer, std::int64_t count) {
  return {static_cast<TensorDots*>(buffer.data()), count};
}

}  // namespace

SignalWatch::SignalWatch(Stream stream, Sequential& model, std::span<Parameter* const> parameters,
                         const TrainerOptions& options)
    : stream_(stream),
      model_(model),
      parameters_(parameters),
      loss_(options.loss),
      signals_(options.signals),
      tape_(stream, {.keep_pre_activations = false}),
      dots_(stream_, std::ssize(parameters) * kDotsBytes) {
  for (const Parameter* const parameter : parameters) {
    pairs_.push_back({.count = parameter->value.count(), .dtype = parameter->value.dtype()});
  }
  workspace_ = Buffer(stream_, tensor_dots_workspace(pairs_) * kDotsBytes);
  for (std::size_t i = 0; i < kMostUnread; ++i) {
    unread_.push_back({.dots = HostBuffer(stream_, dots_.bytes()), .noise_scale = {}});
  }
}

void SignalWatch::forget() {
  forget_gradients();
  noise_ = {};
  noise_step_.reset();
}

void SignalWatch::observe(const Gradients& gradients, std::int64_t step) {
  Unread& slot = unread_[static_cast<std::size_t>(step) % kMostUnread];
  slot.noise_scale = noise_.value();
  slot.has_dots = signals_.cosine && !previous_.empty();
  if (!signals_.cosine) return;
  if (slot.has_dots) {
    measure(gradients, previous_);
    copy_to_host_async(stream_, dots_.data(), dots_.bytes(), slot.dots);
  }
  previous_ = gradients;
}

void SignalWatch::measure(const Gradients& x, const Gradients& y) {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const bool exists = x[i].value && y[i].value;
    // A tensor without a gradient is one without elements.
    pairs_[i].count = exists ? parameters_[i]->value.count() : 0;
    pairs_[i].x = exists ? x[i].value->data() : nullptr;
    pairs_[i].y = exists ? y[i].value->data() : nullptr;
  }
  tensor_dots(stream_, {.pairs = pairs_,
                        .out = dots_in(dots_, std::ssize(pairs_)),
                        .workspace = dots_in(workspace_, tensor_dots_workspace(pairs_))});
}

void SignalWatch::measure_noise(std::span<const float> x, std::span<const float> y,
                                std::int64_t step) {
  if (std::exchange(noise_step_, step) == step) return;
  const std::int64_t half = std::ssize(x) / model_.input_shape().count() / 2;
  const auto x_half = static_cast<std::size_t>(half * model_.input_shape().count());
  const auto y_half = static_cast<std::size_t>(half * model_.output_shape().count());
  const std::uint64_t count = kFirstCountOfHalves + 2 * static_cast<std::uint64_t>(step);
  const std::vector<LayerCount> counts = model_.layer_counts(stream_);
  const Gradients first = gradients_of_half(x.first(x_half), y.first(y_half), count);
  const Gradients second =
      gradients_of_half(x.subspan(x_half, x_half), y.subspan(y_half, y_half), count + 1);
  model_.set_layer_counts(stream_, counts);
  measure(first, second);
  std::vector<TensorDots> dots(pairs_.size());
  copy_to_host(stream_, dots_.data(), dots_.bytes(), dots.data());
  if (const auto estimate = noise_estimate(sum_of_dots(dots), 2 * half)) noise_.add(*estimate);
}

Gradients SignalWatch::gradients_of_half(std::span<const float> x, std::span<const float> y,
                                         std::uint64_t layer_count) {
  if (!x_.has_value()) {
    const std::int64_t rows = std::ssize(x) / model_.input_shape().count();
    x_ = Tensor(stream_, {rows, model_.input_shape().count()}, DType::kFloat32);
    y_ = Tensor(stream_, {rows, model_.output_shape().count()}, DType::kFloat32);
  }
  std::vector<LayerCount> counts = model_.layer_counts(stream_);
  for (LayerCount& count : counts) count.value = layer_count;
  model_.set_layer_counts(stream_, counts);
  x_.copy_from_host<float>(stream_, x);
  y_.copy_from_host<float>(stream_, y);
  tape_.reset();
  return tape_.gradient(loss(tape_, loss_, model_.forward(tape_, x_), y_), parameters_);
}

GradientSignals SignalWatch::of_step(std::int64_t step) const {
  const Unread& slot = unread_[static_cast<std::size_t>(step) % kMostUnread];
  GradientSignals signals{.noise_scale = slot.noise_scale};
  if (!signals_.cosine) return signals;
  signals.tensor_cosines.resize(parameters_.size());
  if (!slot.has_dots) return signals;
  const std::span dots(static_cast<const TensorDots*>(slot.dots.data()), parameters_.size());
  for (std::size_t i = 0; i < dots.size(); ++i) signals.tensor_cosines[i] = cosine_of(dots[i]);
  signals.cosine = cosine_of(sum_of_dots(dots));
  return signals;
}

}  // namespace gradvitals
