#include "app/compare_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "app/compared_networks.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "monitor/report/seen_run.h"
#include "training/evaluation.h"
#include "training/trainer.h"

namespace gradvitals::app {
namespace {

/// Of the notebook's samples: all of them.
constexpr std::int64_t kSamplesOfStep = 100;
/// Columns of the curve: with the other columns of its table they fit on a screen.
constexpr std::int64_t kCurveParts = 32;

TrainingData samples_to_train(const SampleData& data) {
  return {.name = "the compared samples",
          .features = data.x.shape()[1],
          .outputs = data.y.shape()[1],
          .training = {.rows = data.x.shape()[0],
                       .x = data.x.to_host<float>(),
                       .y = data.y.to_host<float>()},
          .validation = {},
          .description = {}};
}

/// Means of the losses over equal parts of the steps.
class LossCurve {
 public:
  explicit LossCurve(std::int64_t steps)
      : steps_(steps),
        sums_(static_cast<std::size_t>(std::min(steps, kCurveParts))),
        counts_(sums_.size()) {}

  void add(std::int64_t step, double loss) {
    const auto part = static_cast<std::size_t>(step * std::ssize(sums_) / steps_);
    sums_.at(part) += loss;
    ++counts_.at(part);
  }

  std::vector<double> means() const {
    std::vector<double> means;
    // Of a training that was interrupted the last parts have no step.
    for (std::size_t i = 0; i < sums_.size() && counts_[i] > 0; ++i) {
      means.push_back(sums_[i] / static_cast<double>(counts_[i]));
    }
    return means;
  }

 private:
  std::int64_t steps_;
  std::vector<double> sums_;
  std::vector<std::int64_t> counts_;
};

/// Sees one training, and shows it as a part of all of them.
class ComparedTraining final : public TrainingObserver {
 public:
  ComparedTraining(Progress& progress, const Interrupt& interrupt, ProgressReport shown,
                   std::int64_t steps)
      : progress_(progress),
        interrupt_(interrupt),
        shown_(shown),
        first_(shown.step),
        curve_(steps) {}

  void on_step(const TrainingStep& step) override {
    see_step(seen_, {.step = step.step,
                     .loss = step.loss,
                     .metrics = step.metrics,
                     .events = step.events,
                     .is_checkup = step.context.is_checkup});
    curve_.add(step.step, step.loss);
    if (interrupt_.signal() != 0) step.trainer.stop();
    if (!progress_.is_due()) return;
    update(step.trainer, step.step + 1);
    progress_.update(shown_);
  }

  /// The state after the last step.
  const ProgressReport& finish(const Trainer& trainer) {
    update(trainer, trainer.step());
    return shown_;
  }

  const TrajectoryReport& seen() const { return seen_; }
  std::vector<double> losses() const { return curve_.means(); }

 private:
  void update(const Trainer& trainer, std::int64_t steps) {
    shown_.step = first_ + steps;
    shown_.loss = seen_.last_loss;
    shown_.gradient_norm = seen_.last_norm;
    shown_.verdict = trainer.tracker().verdict();
    shown_.severity = trainer.tracker().severity();
  }

  Progress& progress_;
  const Interrupt& interrupt_;
  ProgressReport shown_;
  std::int64_t first_;
  TrajectoryReport seen_;
  LossCurve curve_;
};

TrainerOptions compared_trainer_options(const CompareOptions& options, const Thresholds& thresholds,
                                        OptimizerKind optimizer) {
  TrainerOptions chosen;
  chosen.loss = LossKind::kMse;
  chosen.optimizer = options.optimizer.choice(optimizer);
  chosen.learning_rate.base = options.optimizer.rate(optimizer);
  chosen.batch = kSamplesOfStep;
  chosen.steps = options.train_steps;
  chosen.seed = static_cast<std::uint64_t>(options.seed);
  chosen.thresholds = thresholds;
  return chosen;
}

std::vector<PredictionOutcome> predictions_of(const TrainedComparison& training,
                                              std::span<const NetworkReport> first_visits) {
  // Networks that were not trained alike say nothing of each other.
  if (!training.interruption.empty()) return {};
  std::vector<TrainedOutcome> outcomes;
  for (std::size_t i = 0; i < first_visits.size(); ++i) {
    const TrainedNetwork& network = training.networks.at(i);
    outcomes.push_back({.first_verdict = first_visits[i].diagnosis.verdict,
                        .loss = network.loss_after,
                        .score = network.score_after});
  }
  return judge_predictions(outcomes);
}

/// Those whose steps do not shrink with the gradients.
bool divides_by_size(OptimizerKind optimizer) {
  return optimizer == OptimizerKind::kAdam || optimizer == OptimizerKind::kAdamW;
}

/// Says which optimizer got past what held another one up.
void tell_contrast(std::vector<TrainedComparison>& trainings,
                   std::span<const OptimizerKind> optimizers,
                   std::span<const NetworkReport> first_visits) {
  std::vector<Verdict> verdicts;
  for (const NetworkReport& visit : first_visits) verdicts.push_back(visit.diagnosis.verdict);
  std::vector<TrainedWay> ways;
  for (std::size_t i = 0; i < trainings.size(); ++i) {
    TrainedWay& way = ways.emplace_back();
    way.divides_by_size = divides_by_size(optimizers[i]);
    for (const TrainedNetwork& network : trainings[i].networks) {
      way.outcomes.push_back(network.prediction);
    }
    way.outcomes.resize(first_visits.size(), PredictionOutcome::kOpen);
  }
  const std::optional<VanishingContrast> contrast = contrast_of(verdicts, ways);
  if (!contrast) return;
  trainings[contrast->got_past].got_past = trainings[contrast->held_up].optimizer;
}

/// Trains networks one after the other.
class TrainingRoom {
 public:
  TrainingRoom(Stream& stream, const CompareOptions& options, const Thresholds& thresholds,
               const SampleData& data, std::int64_t trainings)
      : stream_(stream),
        options_(options),
        thresholds_(thresholds),
        network_options_(network_options(options, data)),
        data_(samples_to_train(data)),
        progress_(options.judging.color, options.judging.ascii) {
    shown_.steps = trainings * options.train_steps.value();
  }

  TrainedNetwork train(const ComparedNetwork& network, OptimizerKind optimizer) {
    Sequential model = network.build(stream_, network_options_);
    const Evaluation before = evaluate(stream_, model, LossKind::kMse, data_.training);
    Trainer trainer(stream_, model, data_,
                    compared_trainer_options(options_, thresholds_, optimizer));
    const std::string task = fmt::format("{} with {}", network.short_name, name(optimizer));
    shown_.task = task;
    ComparedTraining training(progress_, interrupt_, shown_, trainer.total_steps());
    trainer.add_observer(training);
    trainer.run();
    shown_ = training.finish(trainer);
    shown_.task = {};
    const Evaluation after = evaluate(stream_, model, LossKind::kMse, data_.training);
    TrajectoryReport run = training.seen();
    add_judgement(run, trainer.tracker(), thresholds_);
    run.name = task;
    const bool is_short = is_too_short(run.steps, run.verdict, run.thresholds);
    return {.run = std::move(run),
            .loss_before = before.loss,
            .loss_after = after.loss,
            .score_before = before.score,
            .score_after = after.score,
            .losses = training.losses(),
            .is_too_short = is_short};
  }

  /// All networks, in the order of the comparison; those that were trained before an interruption.
  TrainedComparison train_all(OptimizerKind optimizer) {
    TrainedComparison training = {
        .optimizer = std::string(name(optimizer)),
        .learning_rate =
            compared_trainer_options(options_, thresholds_, optimizer).learning_rate.base,
        .batch = std::min(kSamplesOfStep, data_.training.rows),
        .steps = *options_.train_steps,
        .networks = {},
        .got_past = {},
        .interruption = {}};
    for (const ComparedNetwork& network : kComparedNetworks) {
      training.networks.push_back(train(network, optimizer));
      if (interruption() != 0) break;
    }
    const bool is_complete = training.networks.size() == kComparedNetworks.size() &&
                             training.networks.back().run.steps == training.steps;
    if (!is_complete) training.interruption = name_of_signal(interruption());
    return training;
  }

  void finish() { progress_.finish(shown_); }

  /// The signal that ends all of it; 0 for none.
  int interruption() const { return interrupt_.signal(); }

 private:
  Stream& stream_;
  const CompareOptions& options_;
  const Thresholds& thresholds_;
  NetworkOptions network_options_;
  TrainingData data_;
  Interrupt interrupt_;
  Progress progress_;
  ProgressReport shown_;  ///< Of all trainings together.
};

}  // namespace

ComparedTrainings train_networks(Stream& stream, const CompareOptions& options,
                                 const Thresholds& thresholds, const SampleData& data,
                                 std::span<const NetworkReport> first_visits) {
  if (!options.train_steps) return {};
  // The one whose steps are as large as gradients are, and the one whose steps are not.
  std::vector<OptimizerKind> optimizers = {OptimizerKind::kSgd, OptimizerKind::kAdam};
  if (options.optimizer.kind) optimizers = {*options.optimizer.kind};
  TrainingRoom room(stream, options, thresholds, data,
                    std::ssize(optimizers) * std::ssize(kComparedNetworks));
  ComparedTrainings all;
  for (const OptimizerKind optimizer : optimizers) {
    // One that is interrupted at once tells that others were to come.
    if (!all.trainings.empty() && !all.trainings.back().interruption.empty()) break;
    all.trainings.push_back(room.train_all(optimizer));
    TrainedComparison& training = all.trainings.back();
    const std::vector<PredictionOutcome> outcomes = predictions_of(training, first_visits);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      training.networks[i].prediction = outcomes[i];
    }
  }
  room.finish();
  const bool is_complete =
      all.trainings.size() == optimizers.size() && all.trainings.back().interruption.empty();
  if (!is_complete) all.interruption = room.interruption();
  tell_contrast(all.trainings, optimizers, first_visits);
  return all;
}

}  // namespace gradvitals::app
