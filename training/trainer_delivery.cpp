// Trainer's steps on their way to observers.
#include <utility>

#include "kernels/ops/update_guard.h"
#include "training/histogram_watch.h"
#include "training/signal_watch.h"
#include "training/step_watch.h"
#include "training/trainer.h"

namespace gradvitals {
namespace {

/// Adds what the guard of the update makes of the gradients. Infinite limits make nothing of them.
void add_outcome(const TensorStats& gradients, const StepControls& controls, StepContext& context) {
  const UpdateControl limits{.learning_rate = *context.learning_rate,
                             .max_norm = controls.max_norm,
                             .skip_above_norm = controls.skip_above_norm};
  const GuardOutcome outcome = guard_outcome(gradients, limits, controls.skips_nonfinite);
  context.is_skipped = outcome.is_skipped;
  context.clip_scale = outcome.clip_scale;
}

}  // namespace

/// Back to the state before a step that an observer ended by throwing. The updates of steps before
/// it are made: observers hear of those first.
void Trainer::give_up_step() {
  while (!pending_.empty() && pending_.front().step < step_) deliver_first(/*waits=*/true);
  forget_pending();
  if (signal_watch_) signal_watch_->forget_gradients();
  set_layer_counts(step_);
  is_in_step_ = false;
}

void Trainer::forget_pending() {
  pending_.clear();
  arrived_.reset();
  while (watch_ && watch_->flush()) continue;
}

void Trainer::deliver_arrived(bool waits) {
  while (deliver_first(waits)) continue;
}

/// Of the first step on its way; false where there is none, or it has not arrived. It stays the
/// first until all observers have heard of it.
bool Trainer::deliver_first(bool waits) {
  if (pending_.empty()) return false;
  if (!arrived_) arrived_ = waits ? watch_->flush() : watch_->poll();
  if (!arrived_) return false;
  deliver(pending_.front(), arrived_->loss.value(), &*arrived_);
  arrived_.reset();
  idle_.push_back(std::move(pending_.front()));
  pending_.pop_front();
  return true;
}

void Trainer::deliver(const PendingStep& pending, double loss, const HealthMetrics* metrics) {
  StepContext context{.learning_rate = pending.learning_rate, .is_checkup = pending.is_checkup};
  std::optional<GradientSignals> signals;
  if (signal_watch_) {
    signals = signal_watch_->of_step(pending.step);
    context.gradient_cosine = signals->cosine;
    context.noise_scale = signals->noise_scale;
  }
  const TensorStats* const gradients =
      metrics != nullptr ? &watch_->received_global_stats() : nullptr;
  if (metrics != nullptr) {
    add_outcome(*gradients, pending.controls, context);
    if (tracker_.last_step() != pending.step) tracker_.add(*metrics, context);
  }
  loss_ = loss;
  const TrainingStep told{.trainer = *this,
                          .step = pending.step,
                          .epoch = pending.epoch,
                          .loss = loss,
                          .metrics = metrics,
                          .gradients = gradients,
                          .signals = signals ? &*signals : nullptr,
                          .histograms = histogram_watch_ ? histogram_watch_->of_step(pending.step)
                                                         : std::span<const TensorHistogram>{},
                          .context = context,
                          .controls = pending.controls,
                          .events = tracker_.last_events(),
                          .samples = pending.samples,
                          .is_before_update = pending.step == step_};
  for (TrainingObserver* const observer : observers_) observer->on_step(told);
  epoch_loss_.sum += loss;
  ++epoch_loss_.count;
}

void Trainer::end_epoch() {
  deliver_arrived(/*waits=*/true);
  is_epoch_over_ = false;
  validation_ = evaluate();
  const LossSum losses = std::exchange(epoch_loss_, {});
  const TrainingEpoch told{.trainer = *this,
                           .epoch = batches_.epoch_of(step_ - 1),
                           .steps = step_,
                           .training_loss = losses.sum / static_cast<double>(losses.count),
                           .validation = validation_};
  for (TrainingObserver* const observer : observers_) observer->on_epoch(told);
}

}  // namespace gradvitals
