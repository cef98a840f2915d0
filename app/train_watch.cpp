#include "app/train_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "app/terminal.h"
#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/number_text.h"
#include "monitor/report/seen_run.h"
#include "monitor/report/treatment.h"

namespace gradvitals::app {
namespace {

/// A training that is treated in every step says so no more often than it helps.
constexpr std::int64_t kMostTreatmentsTold = 20;

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

FlightRecorderOptions recorder_options(const std::string& folder, const TrainOptions& options,
                                       const TrainSetup& setup) {
  FlightRecorderOptions kept{.folder = folder,
                             .settings = {setup.settings.begin(), setup.settings.end()},
                             .command = options.words};
  kept.settings["name"] = setup.name;
  // Where paths of the command begin.
  std::error_code ignored;
  kept.settings["folder"] = std::filesystem::current_path(ignored).native();
  return kept;
}

/// Without what notes on stderr begin with.
std::string_view message_of(std::string_view line) {
  constexpr std::string_view kProgram = "gradvitals: ";
  return line.starts_with(kProgram) ? line.substr(kProgram.size()) : line;
}

std::int64_t epochs_of(const Trainer& trainer) {
  const std::int64_t per_epoch = trainer.steps_per_epoch();
  return (trainer.total_steps() + per_epoch - 1) / per_epoch;
}

}  // namespace

TrainWatch::TrainWatch(const TrainOptions& options, const TrainSetup& setup,
                       std::int64_t first_step)
    : options_(options),
      run_(setup.name),
      style_(text_style(options.color, options.ascii, STDERR_FILENO)),
      progress_(options.color, options.ascii),
      alert_command_(alert_command_of(options)),
      outputs_(options.files, {.name = setup.name,
                               .options = export_options(options.fail_on, setup.device),
                               .is_live = true}) {
  const std::string folder = options.incident_folder();
  if (!folder.empty()) flight_.emplace(recorder_options(folder, options, setup));
  if (options.is_live && TerminalScreen::is_available())
    live_.emplace(options.color, options.ascii);
  if (live_) outputs_.keep_series();
  if (options.history) {
    HistoryOptions kept = {
        .run = run_, .settings = {setup.settings.begin(), setup.settings.end()}, .resume_step = {}};
    if (options.resume) kept.resume_step = first_step;
    history_.emplace(*options.history, std::move(kept));
  }
  outputs_.begin(
      {.run = run_, .settings = setup.settings, .has_histograms = setup.options.histograms},
      first_step, /*is_resumed=*/options.resume.has_value());
}

ProgressReport TrainWatch::report(const Trainer& trainer) const {
  const std::int64_t step = trainer.step();
  const std::int64_t per_epoch = trainer.steps_per_epoch();
  const bool has_score = validation_ && std::isfinite(validation_->score);
  return {
      .step = step,
      .steps = trainer.total_steps(),
      .epoch = per_epoch > 1 ? std::max<std::int64_t>((step + per_epoch - 1) / per_epoch, 1) : 0,
      .epochs = epochs_of(trainer),
      .loss = seen_.last_loss,
      .score = has_score ? std::optional(validation_->score) : std::nullopt,
      .score_name = name(score_kind(trainer.options().loss)),
      .gradient_norm = seen_.last_norm,
      .verdict = trainer.tracker().verdict(),
      .severity = trainer.tracker().severity()};
}

LiveState TrainWatch::live_state(const Trainer& trainer) {
  const ProgressReport now = report(trainer);
  LiveState state =
      live_run_.state(trainer.tracker(), outputs_.series(), trainer.options().thresholds);
  state.name = run_;
  state.activity = interrupt_.signal() == 0 ? "training" : "ending";
  state.way_out = "Ctrl-C ends the training, with its report; once more ends it at once";
  state.step = now.step;
  state.steps = now.steps;
  state.epoch = now.epoch;
  state.epochs = now.epochs;
  if (now.score)
    state.score = {std::string(now.score_name), score_text(now.score_name, *now.score)};
  const auto left = time_left_.estimate(now.step, now.steps, LiveView::Clock::now());
  if (left) state.seconds_left = left->count();
  return state;
}

void TrainWatch::show(const Trainer& trainer) {
  if (live_) {
    if (live_->is_due()) live_->draw(live_state(trainer));
  } else if (progress_.is_due()) {
    progress_.update(report(trainer));
  }
}

void TrainWatch::say(std::string_view line) {
  if (live_) {
    live_->print(line);
    live_run_.add_message(message_of(line));
  } else {
    progress_.print(line);
  }
}

void TrainWatch::tell(const HealthEvent& event) {
  if (!is_alert(event)) return;
  const std::string line = decorate(alert_text(event), style_);
  if (live_) {
    live_->print(line);
  } else {
    progress_.print(line);
  }
  if (alert_command_) alert_command_->send(alert_json(event, run_));
}

void TrainWatch::tell_treatments() {
  for (const TreatmentEvent& event : treatments_) {
    if (history_) history_->add_event(treatment_json(event));
    if (told_treatments_ > kMostTreatmentsTold) continue;
    if (told_treatments_++ < kMostTreatmentsTold) {
      say(decorate(treatment_text(event), style_));
    } else {
      say(history_ ? "gradvitals: further treatments are in the history, and counted at "
                     "the end"
                   : "gradvitals: further treatments are counted at the end; --history "
                     "FILE keeps each");
    }
  }
  treatments_.clear();
}

void TrainWatch::keep_incident(const TrainingStep& step) {
  if (!flight_) return;
  flight_->on_step(step);
  for (const std::string& message : flight_->take_messages()) {
    say("gradvitals: " + printable(message));
  }
  if (has_told_replay_ || flight_->incidents().empty()) return;
  has_told_replay_ = true;
  say(fmt::format("gradvitals: to make that step again: gradvitals train --replay {}",
                  printable(flight_->incidents().front())));
}

void TrainWatch::tell_problems() {
  if (!alert_command_) return;
  for (std::string& problem : alert_command_->take_problems()) {
    say("gradvitals: " + problem);
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
    say(fmt::format("gradvitals: {}; the training goes on", printable(error.what())));
  }
}

void TrainWatch::record(const TrainingStep& step) {
  if (step.metrics == nullptr) return;
  outputs_.add({.metrics = *step.metrics,
                .context = step.context,
                .events = step.events,
                .tracker = step.trainer.tracker(),
                .histograms = step.histograms});
  for (const std::string& message : outputs_.take_messages()) {
    say(fmt::format("gradvitals: {}; the training goes on", printable(message)));
  }
  if (!history_) return;
  history_->add(*step.metrics, step.context);
  for (const HealthEvent& event : step.events) history_->add(event);
  if (const auto complaint = history_->take_complaint()) {
    say(fmt::format("gradvitals: {}; the training goes on", printable(*complaint)));
  }
}

void TrainWatch::on_step(const TrainingStep& step) {
  see_step(seen_, {.step = step.step,
                   .loss = step.loss,
                   .metrics = step.metrics,
                   .events = step.events,
                   .is_checkup = step.context.is_checkup});
  if (step.signals != nullptr) signals_.add(*step.signals);
  if (live_ && step.metrics != nullptr) {
    live_run_.add(*step.metrics, step.context, step.trainer.tracker(), step.events);
  }
  record(step);
  for (const HealthEvent& event : step.events) tell(event);
  keep_incident(step);
  tell_treatments();
  tell_problems();
  const bool is_first = step.step == seen_.first_step;
  if (options_.checkpoint_every && !is_first && step.step % *options_.checkpoint_every == 0) {
    keep_checkpoint(step.trainer);
  }
  if (interrupt_.signal() != 0) step.trainer.stop();
  show(step.trainer);
}

void TrainWatch::on_epoch(const TrainingEpoch& epoch) {
  if (epoch.validation) validation_ = epoch.validation;
  if (options_.checkpoint && !options_.checkpoint_every) keep_checkpoint(epoch.trainer);
  if (!live_) progress_.end_epoch(report(epoch.trainer));
}

void TrainWatch::finish(const Trainer& trainer) {
  live_.reset();
  progress_.finish(report(trainer));
  outputs_.end();
  if (options_.checkpoint) keep_checkpoint(trainer);
  if (!alert_command_) return;
  alert_command_->finish();
  tell_problems();
}

bool TrainWatch::has_lost_output() const {
  const bool lost_lines = history_ && !missing_text(history_->status(), "").empty();
  const bool lost_incident = flight_ && flight_->lost_incidents() > 0;
  return lost_lines || lost_incident || !checkpoint_problem_.empty();
}

std::vector<KeptIncident> TrainWatch::incidents() const {
  std::vector<KeptIncident> kept;
  if (!flight_) return kept;
  for (std::size_t i = 0; i < flight_->incidents().size(); ++i) {
    kept.push_back({.folder = flight_->incidents()[i], .reason = flight_->reasons()[i]});
  }
  return kept;
}

std::vector<std::string> TrainWatch::notes() const {
  std::vector<std::string> notes = command_problems_;
  if (alert_command_) {
    const AlertCommandCounts counts = alert_command_->counts();
    const std::int64_t lost = counts.failed + counts.overdue + counts.dropped;
    if (lost > 0) {
      notes.push_back(fmt::format("{} of {} alerts did not get through the command", lost,
                                  lost + counts.succeeded + counts.unknown));
    }
    if (counts.unknown > 0) {
      notes.push_back(fmt::format(
          "of {} {} it is not known whether the command succeeded: SIGCHLD is ignored here, and "
          "the system does not tell",
          counts.unknown, plural(counts.unknown, "alert", "alerts")));
    }
  }
  if (!checkpoint_problem_.empty()) notes.push_back(checkpoint_problem_);
  if (flight_) std::ranges::move(flight_->notes(), std::back_inserter(notes));
  if (history_) {
    const std::string missing = missing_text(history_->status(), *options_.history);
    if (!missing.empty()) notes.push_back(missing);
  }
  if (std::string missing = outputs_.missing_text(); !missing.empty()) {
    notes.push_back(std::move(missing));
  }
  return notes;
}

}  // namespace gradvitals::app
