#include "app/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/interrupt.h"
#include "app/output.h"
#include "app/replay_incident.h"
#include "app/terminal.h"
#include "app/train_setup.h"
#include "app/train_watch.h"
#include "monitor/report/seen_run.h"
#include "monitor/report/training.h"
#include "training/constant_baseline.h"
#include "training/trainer.h"
#include "training/treatment_observer.h"

namespace gradvitals::app {
namespace {

std::optional<TrainingScore> score_of(const Trainer& trainer, const TrainingResult& result) {
  if (!result.validation) return std::nullopt;
  return TrainingScore{.loss = result.validation->loss,
                       .name = std::string(name(score_kind(trainer.options().loss))),
                       .score = result.validation->score,
                       .samples = result.validation->samples};
}

/// A checkpoint's controls are those of its last treatment: what nothing adapts any more would stay.
void end_treatment(Trainer& trainer) {
  if (trainer.controls() == StepControls{}) return;
  trainer.set_controls({});
  note(
      "the checkpoint is of a training that was treated; without --treat, clipping, skipping and "
      "cuts "
      "of the learning rate end here");
}

std::vector<std::string> texts_of(const std::vector<SettingChange>& changes, std::int64_t step) {
  std::vector<std::string> texts;
  for (const SettingChange& change : changes) {
    texts.push_back(fmt::format("{}: {} in place of {}, from step {} on", change.name, change.now,
                                change.before, step));
  }
  return texts;
}

/// The run as it was seen and judged.
TrajectoryReport judged_run(const Trainer& trainer, const TrainWatch& watch) {
  TrajectoryReport run = watch.seen();
  add_judgement(run, trainer.tracker(), trainer.options().thresholds);
  const Samples& training = trainer.data().training;
  if (run.first_step && has_varied_targets(training)) {
    Stream stream = trainer.stream();
    run.baseline = compare_with_constant(stream, trainer.model(), trainer.options().loss, training);
  }
  run.notes = watch.notes();
  return run;
}

/// What came of the training.
TrainingReport report_of(const Trainer& trainer, const TrainWatch& watch,
                         const TrainingResult& result, const TrainOptions& options) {
  TrainingReport report;
  report.run = judged_run(trainer, watch);
  report.steps = result.steps;
  report.planned_steps = trainer.total_steps();
  report.validation = score_of(trainer, result);
  if (!result.is_complete && watch.interruption() != 0) {
    report.interruption = name_of_signal(watch.interruption());
  }
  if (watch.has_checkpoint()) report.files.emplace_back("checkpoint", *options.checkpoint);
  if (options.history) report.files.emplace_back("history", *options.history);
  if (const auto& folder = options.files.tensorboard) {
    report.files.emplace_back("tensorboard", *folder);
  }
  report.incidents = watch.incidents();
  return report;
}

/// Whether all of it was written.
bool deliver_training(const TrainingReport& report, RunOutputs& outputs,
                      const TrainOptions& options) {
  const TextStyle style = text_style(options.color, options.ascii);
  outputs.describe(training_facts(report));
  return outputs.write(
      report.run, [&] { return training_text(report, style); },
      [&] { return training_json(report); });
}

ExitCode exit_code_of(const TrainingReport& report, int interruption, const TrainOptions& options) {
  if (report.steps < report.planned_steps && interruption != 0) {
    return exit_code_of_signal(interruption);
  }
  if (report.steps == report.steps_before) {
    note(
        fmt::format("nothing to judge: all {} steps were made before; --steps or --epochs gives it "
                    "more",
                    report.steps));
    return ExitCode::kNothingJudged;
  }
  if (options.fail_on == Severity::kOk || report.run.worst_severity < options.fail_on) {
    return ExitCode::kJudged;
  }
  note(fmt::format("--fail-on {}: the worst of the training was {}", name(options.fail_on),
                   name(report.run.worst_severity)));
  return ExitCode::kGateTripped;
}

}  // namespace

ExitCode train(const TrainOptions& options) {
  options.check();
  if (options.replay) return replay_incident(*options.replay);
  options.check_outputs();
  Stream stream = options.computing.open_stream();
  TrainSetup setup = set_up_training(stream, options);
  Trainer trainer(stream, setup.model, setup.data, setup.options);
  std::optional<TrainWatch> watch;
  std::optional<TreatmentObserver> treatment;
  if (treats(options.treatment)) {
    treatment.emplace(trainer, options.treatment,
                      [&watch](const TreatmentEvent& event) { watch->hear_of(event); });
  }
  std::vector<std::string> changed_settings;
  if (options.resume) {
    const std::vector<SettingChange> changes = trainer.load_checkpoint(*options.resume);
    changed_settings = texts_of(changes, trainer.step());
    std::ranges::for_each(changed_settings, note);
    if (!treatment) end_treatment(trainer);
  }
  const std::int64_t first_step = trainer.step();
  watch.emplace(options, setup, first_step);
  trainer.add_observer(*watch);
  const auto start = std::chrono::steady_clock::now();
  const TrainingResult result = trainer.run();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  watch->finish(trainer);

  TrainingReport report = report_of(trainer, *watch, result, options);
  report.run.name = setup.name;
  std::ranges::move(changed_settings, std::back_inserter(report.run.notes));
  report.device = gradvitals::name(stream.device());
  report.settings = setup.settings;
  report.steps_before = first_step;
  report.seconds = elapsed.count();
  report.cosine = watch->signals().cosine(trainer);
  report.noise = watch->signals().noise(trainer);
  if (treatment) report.treatment = treatment->counts();
  if (!deliver_training(report, watch->outputs(), options) || watch->has_lost_output())
    return ExitCode::kError;
  return exit_code_of(report, watch->interruption(), options);
}

}  // namespace gradvitals::app
