#include "training/trial.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kMostStepsBetweenCheckups = 20;

/// Such that the step behind the last update is a check-up.
std::int64_t checkup_interval(std::int64_t steps) {
  std::int64_t interval = std::min(steps, kMostStepsBetweenCheckups);
  while (steps % interval != 0) --interval;
  return interval;
}

/// Keeps what the first and the last check-up found, and how large gradients were.
class TrialWatch final : public TrainingObserver {
 public:
  explicit TrialWatch(const std::function<bool()>& is_interrupted)
      : is_interrupted_(is_interrupted) {}

  void on_step(const TrainingStep& step) override {
    if (is_interrupted_ && is_interrupted_()) {
      was_interrupted_ = true;
      step.trainer.stop();
    }
    symptoms_.largest_norm = std::max(symptoms_.largest_norm, step.gradients->l2_norm());
    symptoms_.has_nonfinite |= step.gradients->nonfinite_count() > 0;
    if (!step.context.is_checkup) return;
    last_ = diagnose(*step.metrics, step.trainer.options().thresholds);
    if (!first_) first_ = last_;
  }

  const Diagnosis& first() const { return *first_; }
  const Diagnosis& last() const { return *last_; }
  const GradientSymptoms& symptoms() const { return symptoms_; }
  bool was_interrupted() const { return was_interrupted_; }

 private:
  const std::function<bool()>& is_interrupted_;
  bool was_interrupted_ = false;
  std::optional<Diagnosis> first_;
  std::optional<Diagnosis> last_;
  GradientSymptoms symptoms_;
};

TrialState state_of(const Evaluation& evaluation, const Diagnosis& diagnosis) {
  const Oxygen& flow = diagnosis.vital_signs.oxygen;
  return {.loss = evaluation.loss,
          .score = evaluation.score,
          .backward_factor = flow.backward_factor,
          .gradient_spread = flow.relative_gradient_spread,
          .verdict = diagnosis.verdict,
          .severity = diagnosis.severity};
}

}  // namespace

TrialResult run_trial(Stream stream, const TrainingPlan& plan, std::int64_t steps,
                      const std::function<bool()>& is_interrupted) {
  Sequential model = build_network(stream, plan.network);
  TrainerOptions options = plan.options;
  options.watch = true;
  // One more, of which only what its gradients show is used.
  options.steps = steps + 1;
  options.checkup_every = checkup_interval(steps);
  Trainer trainer(stream, model, *plan.data, options);
  trainer.set_controls(plan.controls);
  TrialWatch watch(is_interrupted);
  trainer.add_observer(watch);
  const auto judge_predictions = [&] {
    return evaluate(stream, model, plan.judged_by, plan.judged_samples(), plan.readout);
  };

  const Evaluation before = judge_predictions();
  trainer.run(steps);
  if (watch.was_interrupted()) {
    return {.trial = {}, .symptoms = watch.symptoms(), .is_complete = false};
  }
  const Evaluation after = judge_predictions();
  trainer.run();

  TrialResult result{.trial = {.network = text(plan.network),
                               .loss = std::string(name(plan.options.loss)),
                               .learning_rate = summary(plan.options.learning_rate),
                               .before = state_of(before, watch.first()),
                               .after = state_of(after, watch.last())},
                     .symptoms = watch.symptoms()};
  if (std::isfinite(plan.controls.max_norm)) result.trial.max_norm = plan.controls.max_norm;
  TrialState& last = result.trial.after;
  const HealthTracker& tracker = trainer.tracker();
  // A check-up alone does not know the loss: small gradients of a network that has converged are no
  // fault.
  if (tracker.severity() >= last.severity || tracker.has_converged()) {
    last.verdict = tracker.verdict();
    last.severity = tracker.severity();
  }
  return result;
}

}  // namespace gradvitals
