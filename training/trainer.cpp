#include "training/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include "framework/losses.h"
#include "kernels/runtime/error.h"
#include "training/histogram_watch.h"
#include "training/network_plan.h"
#include "training/signal_watch.h"
#include "training/step_watch.h"

namespace gradvitals {
namespace {

/// The first steps are check-ups as well: that is where most trainings go wrong.
constexpr std::int64_t kFirstCheckups = 3;

bool is_checkup(std::int64_t step, const TrainerOptions& options) {
  return options.watch && (step < kFirstCheckups || step % options.checkup_every == 0);
}

TrainerOptions checked(TrainerOptions options) {
  check(options.learning_rate, float32_rates(options.optimizer));
  const auto at_least = [](const char* what, std::int64_t value, std::int64_t least) {
    if (value >= least) return;
    throw std::invalid_argument(
        fmt::format("Trainer: {} is {}, not {} or more", what, value, least));
  };
  at_least("epochs", options.epochs, 0);
  at_least("steps", options.steps.value_or(0), 0);
  at_least("checkup_every", options.checkup_every, 1);
  if ((options.signals.cosine || options.signals.noise) && !options.watch) {
    throw std::invalid_argument("Trainer: signals are part of watching; set TrainerOptions::watch");
  }
  if (options.histograms && !options.watch) {
    throw std::invalid_argument(
        "Trainer: histograms are part of watching; set TrainerOptions::watch");
  }
  return options;
}

void check_fits(const Sequential& model, const TrainingData& data) {
  const Shape input = {data.features};
  const Shape output = {data.outputs};
  if (model.input_shape() != input || model.output_shape() != output) {
    throw std::invalid_argument(
        fmt::format("Trainer: model '{}' makes {} of {}, and the data {} have {} features and {} "
                    "targets",
                    model.name(), model.output_shape().text(), model.input_shape().text(),
                    data.name, data.features, data.outputs));
  }
  for (const Parameter* const parameter : model.parameters()) {
    if (parameter->value.dtype() == DType::kFloat32) continue;
    throw std::invalid_argument(fmt::format("Trainer: parameter '{}' is {}; samples are {}",
                                            parameter->name, name(parameter->value.dtype()),
                                            name(DType::kFloat32)));
  }
}

std::int64_t steps_of(const TrainerOptions& options, std::int64_t steps_per_epoch) {
  if (options.steps) return *options.steps;
  if (options.epochs > std::numeric_limits<std::int64_t>::max() / steps_per_epoch) {
    throw std::invalid_argument(
        fmt::format("Trainer: epochs is {}: of {} steps each, they are more than 2^63 - 1 steps",
                    options.epochs, steps_per_epoch));
  }
  return options.epochs * steps_per_epoch;
}

bool has_limits(const StepControls& controls) {
  return controls.skips_nonfinite || std::isfinite(controls.max_norm) ||
         std::isfinite(controls.skip_above_norm);
}

}  // namespace

void TrainingObserver::on_batch(std::int64_t /*step*/, std::span<float> /*x*/,
                                std::span<float> /*y*/) {}
void TrainingObserver::on_step(const TrainingStep& /*step*/) {}
void TrainingObserver::on_epoch(const TrainingEpoch& /*epoch*/) {}
void TrainingObserver::save_state(std::map<std::string, std::string>& /*state*/) const {}
void TrainingObserver::load_state(const std::map<std::string, std::string>& /*state*/) {}

Trainer::Trainer(Stream stream, Sequential& model, const TrainingData& data, TrainerOptions options)
    : stream_(stream),
      model_(model),
      data_(data),
      options_(checked(std::move(options))),
      batches_(data.training.rows, options_.batch, options_.seed),
      total_steps_(steps_of(options_, batches_.steps_per_epoch())),
      parameters_(model.trainable_variables()),
      optimizer_(make_optimizer(options_.optimizer)),
      tape_(stream, {.keep_pre_activations = options_.watch}),
      waits_for_steps_(stream.device().type != DeviceType::kCuda),
      tracker_(options_.thresholds) {
  check_fits(model_, data_);
  x_ = Tensor(stream_, {batches_.batch(), data_.features}, DType::kFloat32);
  y_ = Tensor(stream_, {batches_.batch(), data_.outputs}, DType::kFloat32);
  x_of_batch_.resize(static_cast<std::size_t>(x_.count()));
  y_of_batch_.resize(static_cast<std::size_t>(y_.count()));
  if (options_.signals.noise && batches_.batch() < 2) {
    throw std::invalid_argument(
        "Trainer: the noise scale is measured on the halves of a batch, and a batch is one sample");
  }
  if (options_.watch) watch_ = std::make_unique<StepWatch>(stream_, model_);
  if (options_.signals.cosine || options_.signals.noise) {
    signal_watch_ = std::make_unique<SignalWatch>(stream_, model_, parameters_, options_);
  }
  if (options_.histograms) histogram_watch_ = std::make_unique<HistogramWatch>(stream_, model_);
  set_layer_counts(0);
}

Trainer::~Trainer() = default;

void Trainer::add_observer(TrainingObserver& observer) {
  observers_.push_back(&observer);
}

void Trainer::remove_observer(TrainingObserver& observer) {
  std::erase(observers_, &observer);
}

void Trainer::set_controls(const StepControls& controls) {
  check_controls(controls);
  next_controls_ = controls;
  if (!is_in_step_) controls_ = controls;
}

void Trainer::check_controls(const StepControls& controls) const {
  const double factor = controls.learning_rate_factor;
  if (!(factor >= 0.0 && std::isfinite(factor))) {
    throw std::invalid_argument(
        fmt::format("Trainer: learning_rate_factor is {}, not 0 or more and finite", factor));
  }
  const double rate = options_.learning_rate.base * factor;
  if (rate > float32_rates(options_.optimizer).highest) {
    throw std::invalid_argument(
        fmt::format("Trainer: learning_rate_factor is {}: a learning rate of {:.3g} is more than "
                    "float32 can make steps with",
                    factor, rate));
  }
  if (!(controls.max_norm > 0.0 && controls.skip_above_norm > 0.0)) {
    throw std::invalid_argument(
        fmt::format("Trainer: limits of the norm are {} and {}, not both positive",
                    controls.max_norm, controls.skip_above_norm));
  }
  if (!watch_ && has_limits(controls)) {
    throw std::invalid_argument(
        "Trainer: without watching, the norm is not known that would be limited; set "
        "TrainerOptions::watch");
  }
}

TrainingResult Trainer::run(std::int64_t most_steps) {
  if (is_in_step_) give_up_step();
  if (is_epoch_over_) end_epoch();
  const std::int64_t left = std::max<std::int64_t>(total_steps_ - step_, 0);
  const std::int64_t end = step_ + std::min(left, most_steps);
  while (step_ < end && !is_stopped_.exchange(false, std::memory_order_relaxed)) {
    make_step_in_memory();
    if (is_epoch_over_) end_epoch();
  }
  deliver_arrived(/*waits=*/true);
  const bool is_complete = step_ >= total_steps_;
  if (is_complete && (!validation_ || step_ % steps_per_epoch() != 0)) validation_ = evaluate();
  is_stopped_.store(false, std::memory_order_relaxed);
  return {.steps = step_, .is_complete = is_complete, .loss = loss_, .validation = validation_};
}

/// A step that memory ran out in can be made anew, as one that an observer ended.
void Trainer::make_step_in_memory() {
  try {
    make_step();
  } catch (const std::bad_alloc&) {
    refuse_for_memory();
  } catch (const OutOfMemoryError&) {
    refuse_for_memory();
  }
}

void Trainer::refuse_for_memory() const {
  const std::vector<Parameter*> all = model_.parameters();
  const auto largest = std::ranges::max_element(
      all, {}, [](const Parameter* parameter) { return parameter->value.count(); });
  throw ModelMemoryError(fmt::format(
      "Trainer: memory ran out in step {}, which has gradients, their statistics and the state of "
      "{} beside the {} parameters, and the outputs of {} samples; the largest parameter is '{}' "
      "{}; "
      "narrower layers or a smaller batch take less",
      step_, name(options_.optimizer.kind), model_.parameter_count(), batches_.batch(),
      (*largest)->name, (*largest)->value.shape().text()));
}

void Trainer::make_step() {
  is_in_step_ = true;
  const std::span<const std::int64_t> samples = batches_.samples(step_);
  load_batch(samples);
  tape_.reset();
  const Tensor error = loss(tape_, options_.loss, model_.forward(tape_, x_), y_);
  const Gradients gradients = tape_.gradient(error, parameters_);
  PendingStep step = begin_step(samples);
  const double rate = step.learning_rate;
  if (watch_) {
    if (step.is_checkup) deliver_arrived(/*waits=*/true);
    if (signal_watch_) observe_signals(gradients, step.is_checkup);
    watch_->observe(tape_, gradients, error, step_, step.is_checkup);
    if (histogram_watch_ && step.is_checkup) histogram_watch_->observe(tape_, step_);
    pending_.push_back(std::move(step));
    if (waits_for_steps_ || pending_.size() == GradientMonitor::kMostPending) {
      deliver_arrived(/*waits=*/true);
    }
  } else {
    deliver(step, error.item(), nullptr);
    idle_.push_back(std::move(step));
  }
  optimizer_->set_learning_rate(rate);
  const Updates updates = optimizer_->apply(stream_, gradients, guard());
  if (watch_) watch_->keep(updates);
  ++step_;
  is_epoch_over_ = step_ % steps_per_epoch() == 0;
  controls_ = next_controls_;
  is_in_step_ = false;
  if (!waits_for_steps_) deliver_arrived(/*waits=*/false);
}

void Trainer::observe_signals(const Gradients& gradients, bool is_checkup) {
  if (options_.signals.noise && is_checkup) {
    signal_watch_->measure_noise(x_of_batch_, y_of_batch_, step_);
  }
  signal_watch_->observe(gradients, step_);
}

void Trainer::load_batch(std::span<const std::int64_t> samples) {
  const auto gather = [&](const std::vector<float>& from, std::int64_t cols, float* to) {
    for (const std::int64_t row : samples) to = std::copy_n(from.data() + row * cols, cols, to);
  };
  gather(data_.training.x, data_.features, x_of_batch_.data());
  gather(data_.training.y, data_.outputs, y_of_batch_.data());
  for (TrainingObserver* const observer : observers_) {
    observer->on_batch(step_, x_of_batch_, y_of_batch_);
  }
  x_.copy_from_host<float>(stream_, x_of_batch_);
  y_.copy_from_host<float>(stream_, y_of_batch_);
}

Trainer::PendingStep Trainer::begin_step(std::span<const std::int64_t> samples) {
  PendingStep step;
  if (!idle_.empty()) {
    step = std::move(idle_.back());
    idle_.pop_back();
  }
  step.step = step_;
  step.epoch = batches_.epoch_of(step_);
  step.learning_rate =
      options_.learning_rate.at(step_, total_steps_) * controls_.learning_rate_factor;
  step.is_checkup = is_checkup(step_, options_);
  step.controls = controls_;
  step.samples.assign(samples.begin(), samples.end());
  return step;
}

UpdateGuard Trainer::guard() const {
  if (!has_limits(controls_)) return {};
  return {.gradients = watch_->global_stats(),
          .max_norm = controls_.max_norm,
          .skips_nonfinite = controls_.skips_nonfinite,
          .skip_above_norm = controls_.skip_above_norm};
}

std::optional<Evaluation> Trainer::evaluate() const {
  if (data_.validation.rows == 0) return std::nullopt;
  return gradvitals::evaluate(stream_, model_, options_.loss, data_.validation);
}

/// Masks of a step follow from its number: every step runs every layer once.
void Trainer::set_layer_counts(std::int64_t steps) {
  std::vector<LayerCount> counts = model_.layer_counts(stream_);
  for (LayerCount& count : counts) count.value = static_cast<std::uint64_t>(steps);
  model_.set_layer_counts(stream_, counts);
}

}  // namespace gradvitals
