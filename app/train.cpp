#include "app/train.h"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <string>
#include <utility>

#include "app/output.h"
#include "app/seen_run.h"
#include "app/terminal.h"
#include "app/train_setup.h"
#include "app/train_watch.h"
#include "monitor/report/training.h"
#include "training/trainer.h"

namespace gradvitals::app {
namespace {

std::optional<TrainingScore> score_of(const Trainer& trainer, const TrainingResult& result) {
  if (!result.validation) return std::nullopt;
  return TrainingScore{.loss = result.validation->loss,
                       .name = std::string(name(score_kind(trainer.options().loss))),
                       .score = result.validation->score,
                       .samples = result.validation->samples};
}

/// The run as it was seen and judged.
TrajectoryReport judged_run(const Trainer& trainer, const TrainWatch& watch) {
  TrajectoryReport run = watch.seen();
  add_judgement(run, trainer);
  run.notes = watch.notes();
  return run;
}

bool write_or_tell(const std::string& target, const std::string& content) {
  try {
    write_result(target, content);
    return true;
  } catch (const std::exception& error) {
    note(error.what());
  }
  return false;
}

/// Whether all of it was written.
bool deliver_training(const TrainingReport& report, const TrainOptions& options) {
  const TextStyle style = {.color = use_color(options.color), .ascii = use_ascii(options.ascii)};
  bool written = true;
  if (options.json != "-") written &= write_or_tell("-", training_text(report, style));
  if (options.json) written &= write_or_tell(*options.json, training_json(report));
  return written;
}

ExitCode exit_code_of(const TrainingReport& report, int interruption, const TrainOptions& options) {
  if (report.steps < report.planned_steps && interruption != 0) {
    return interruption == SIGINT ? ExitCode::kInterrupted : ExitCode::kTerminated;
  }
  if (report.steps == report.steps_before) {
    note(fmt::format("nothing to judge: all {} steps were made before", report.steps));
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
  Stream stream = options.computing.open_stream();
  TrainSetup setup = set_up_training(stream, options);
  Trainer trainer(stream, setup.model, setup.data, setup.options);
  if (options.resume) trainer.load_checkpoint(*options.resume);
  const std::int64_t first_step = trainer.step();

  TrainWatch watch(options, setup.name, first_step);
  trainer.add_observer(watch);
  const auto start = std::chrono::steady_clock::now();
  const TrainingResult result = trainer.run();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  watch.finish(trainer);

  TrainingReport report;
  report.run = judged_run(trainer, watch);
  report.run.name = setup.name;
  report.device = gradvitals::name(stream.device());
  report.settings = setup.settings;
  report.steps_before = first_step;
  report.steps = result.steps;
  report.planned_steps = trainer.total_steps();
  report.seconds = elapsed.count();
  report.validation = score_of(trainer, result);
  if (!result.is_complete && watch.interruption() != 0) {
    report.interruption = watch.interruption() == SIGINT ? "SIGINT" : "SIGTERM";
  }
  if (watch.has_checkpoint()) report.files.emplace_back("checkpoint", *options.checkpoint);
  if (options.history) report.files.emplace_back("history", *options.history);
  if (!deliver_training(report, options) || watch.has_lost_output()) return ExitCode::kError;
  return exit_code_of(report, watch.interruption(), options);
}

}  // namespace gradvitals::app
