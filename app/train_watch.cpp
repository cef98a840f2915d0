#include "app/train_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "app/terminal.h"
#include "kernels/runtime/utf8.h"
#include "monitor/report/training.h"

namespace gradvitals::app {
namespace {

std::unique_ptr<AlertCommand> alert_command_of(const TrainOptions& options) {
  if (options.alert_command.empty()) return nullptr;
  AlertCommandOptions limits;
  if (options.alert_limit_seconds) {
    limits.time_limit = std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::duration<double>(*options.alert_limit_seconds));
  }
  return std::make_unique<AlertCommand>(options.alert_command, limits);
}

/// What only informs, and what something else explains, stands in the report alone.
bool is_alert(const HealthEvent& event) {
  const Finding& finding = event.episode.finding;
  return finding.severity >= Severity::kWarning && !finding.consequence_of;
}

std::int64_t epochs_of(const Trainer& trainer) {
  const std::int64_t per_epoch = trainer.steps_per_epoch();
  return (trainer.total_steps() + per_epoch - 1) / per_epoch;
}

}  // namespace

TrainWatch::TrainWatch(const TrainOptions& options, std::string run)
    : options_(options),
      run_(std::move(run)),
      style_{.color = use_color(options.color, STDERR_FILENO),
             .ascii = use_ascii(options.ascii, STDERR_FILENO)},
      progress_(options.color, options.ascii),
      alert_command_(alert_command_of(options)) {}

ProgressReport TrainWatch::report(const Trainer& trainer) const {
  const std::int64_t step = trainer.step();
  const std::int64_t per_epoch = trainer.steps_per_epoch();
  return {
      .step = step,
      .steps = trainer.total_steps(),
      .epoch = per_epoch > 1 ? std::max<std::int64_t>((step + per_epoch - 1) / per_epoch, 1) : 0,
      .epochs = epochs_of(trainer),
      .loss = loss_,
      .score = validation_ ? std::optional(validation_->score) : std::nullopt,
      .score_name = name(score_kind(trainer.options().loss)),
      .gradient_norm = gradient_norm_,
      .verdict = trainer.tracker().verdict(),
      .severity = trainer.tracker().severity()};
}

void TrainWatch::tell(const HealthEvent& event) {
  if (!is_alert(event)) return;
  progress_.print(decorate(alert_text(event), style_));
  if (alert_command_) alert_command_->send(alert_json(event, run_));
}

void TrainWatch::tell_problems() {
  if (!alert_command_) return;
  for (std::string& problem : alert_command_->take_problems()) {
    progress_.print("gradvitals: " + problem);
    command_problems_.push_back(std::move(problem));
  }
}

void TrainWatch::keep_checkpoint(const Trainer& trainer) {
  try {
    trainer.save_checkpoint(*options_.checkpoint);
    has_checkpoint_ = true;
    checkpoint_problem_.clear();
  } catch (const std::exception& error) {
    checkpoint_problem_ = error.what();
    if (std::exchange(has_told_checkpoint_, true)) return;
    progress_.print(fmt::format("gradvitals: {}; the training goes on", printable(error.what())));
  }
}

void TrainWatch::on_step(const TrainingStep& step) {
  Trainer& trainer = step.trainer;
  loss_ = step.loss;
  for (const HealthEvent& event : step.events) tell(event);
  tell_problems();
  const bool is_first = !first_step_;
  if (is_first) first_step_ = step.step;
  if (options_.checkpoint_every && !is_first && step.step % *options_.checkpoint_every == 0) {
    keep_checkpoint(trainer);
  }
  if (interrupt_.signal() != 0) trainer.stop();
  if (!progress_.is_due()) return;
  if (step.metrics != nullptr) gradient_norm_ = global_norm(*step.metrics);
  progress_.update(report(trainer));
}

void TrainWatch::on_epoch(const TrainingEpoch& epoch) {
  if (epoch.validation) validation_ = epoch.validation;
  if (options_.checkpoint && !options_.checkpoint_every) keep_checkpoint(epoch.trainer);
  progress_.end_epoch(report(epoch.trainer));
}

void TrainWatch::finish(const Trainer& trainer) {
  progress_.finish(report(trainer));
  if (options_.checkpoint) keep_checkpoint(trainer);
  if (!alert_command_) return;
  alert_command_->finish();
  tell_problems();
}

std::vector<std::string> TrainWatch::notes() const {
  std::vector<std::string> notes = command_problems_;
  if (alert_command_) {
    const AlertCommandCounts counts = alert_command_->counts();
    const std::int64_t lost = counts.failed + counts.overdue + counts.dropped;
    if (lost > 0) {
      notes.push_back(fmt::format("{} of {} alerts did not get through the command", lost,
                                  lost + counts.succeeded));
    }
  }
  if (has_lost_checkpoint()) notes.push_back(checkpoint_problem_);
  return notes;
}

}  // namespace gradvitals::app
