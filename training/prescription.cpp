#include "training/prescription.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "training/constant_baseline.h"
#include "training/plan_changes.h"
#include "training/remedies.h"
#include "training/trial.h"

namespace gradvitals {
namespace {

/// Three pairs at most.
constexpr std::size_t kMostCombined = 3;

double ranking_loss(const Trial& trial) {
  return std::isfinite(trial.after.loss) ? trial.after.loss
                                         : std::numeric_limits<double>::infinity();
}

/// Sorts trials, the best first.
class TrialOrder {
 public:
  explicit TrialOrder(double constant_loss) : unit_(kLossResolution * constant_loss) {}

  bool operator()(const Trial& a, const Trial& b) const { return key(a) < key(b); }

 private:
  std::tuple<double, Severity, std::size_t, double> key(const Trial& trial) const {
    const double loss = ranking_loss(trial);
    return {unit_ > 0.0 ? std::floor(loss / unit_) : loss,
            std::max(trial.after.severity, Severity::kInfo), trial.remedies.size(), loss};
  }

  double unit_;
};

/// Tries remedies on one training.
class Prescriber {
 public:
  Prescriber(Stream stream, TrainingPlan plan, const PrescriptionOptions& options)
      : stream_(stream),
        plan_(std::move(plan)),
        options_(options),
        constant_loss_(constant_prediction_loss(plan_.judged_by, plan_.data->training,
                                                plan_.judged_samples())) {}

  PrescriptionReport run() {
    symptoms_ = try_plan(plan_, {});
    for (const Remedy& remedy : remedies()) {
      if (is_over_) break;
      const std::optional<TrainingPlan> changed = remedy.apply(plan_, symptoms_);
      if (!changed) continue;
      tried_.push_back({.remedy = &remedy, .place = trials_.size()});
      try_plan(*changed, {&remedy});
    }
    if (!is_over_) try_pairs();
    return report();
  }

 private:
  struct TriedRemedy {
    const Remedy* remedy;
    std::size_t place;  ///< Of its trial.
  };

  GradientSymptoms try_plan(const TrainingPlan& plan, const std::vector<const Remedy*>& changes) {
    TrialResult result = run_trial(stream_, plan, options_.steps, options_.is_interrupted);
    is_over_ = !result.is_complete;
    if (is_over_) return result.symptoms;
    Trial& trial = trials_.emplace_back(std::move(result.trial));
    for (const Remedy* const remedy : changes) trial.remedies.emplace_back(remedy->name);
    trial.changes = changes_in_words(plan_, plan);
    if (options_.command_of) trial.command = options_.command_of(plan, result.symptoms);
    trial.trains = ranking_loss(trial) <= clearly_below(constant_loss_);
    if (options_.on_trial) options_.on_trial(trial);
    return result.symptoms;
  }

  void try_pairs() {
    std::vector<TriedRemedy> best = tried_;
    const auto loss_of = [&](const TriedRemedy& tried) {
      return ranking_loss(trials_[tried.place]);
    };
    std::erase_if(best, [&](const TriedRemedy& tried) {
      return !(loss_of(tried) < ranking_loss(trials_.front()));
    });
    std::ranges::stable_sort(best, {}, loss_of);
    // Of one kind, the best one.
    std::vector<TriedRemedy> chosen;
    for (const TriedRemedy& tried : best) {
      const bool is_new_kind = std::ranges::none_of(chosen, [&](const TriedRemedy& other) {
        return other.remedy->kind == tried.remedy->kind;
      });
      if (is_new_kind && chosen.size() < kMostCombined) chosen.push_back(tried);
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      for (std::size_t j = i + 1; j < chosen.size() && !is_over_; ++j) {
        try_pair(chosen[i], chosen[j]);
      }
    }
  }

  /// In the order of the table. Nothing to try where the first makes the second needless.
  void try_pair(TriedRemedy first, TriedRemedy second) {
    if (second.place < first.place) std::swap(first, second);
    const std::optional<TrainingPlan> once = first.remedy->apply(plan_, symptoms_);
    const std::optional<TrainingPlan> twice = second.remedy->apply(once.value(), symptoms_);
    if (twice) try_plan(*twice, {first.remedy, second.remedy});
  }

  PrescriptionReport report() const {
    PrescriptionReport report;
    report.steps = options_.steps;
    report.loss = name(plan_.judged_by);
    report.score_name = name(score_kind(plan_.judged_by));
    report.judged_samples = plan_.judged_samples().rows;
    report.is_held_out = plan_.data->validation.rows > 0;
    report.constant_loss = constant_loss_;
    report.trains_below = clearly_below(constant_loss_);
    report.is_complete = !is_over_;
    report.trials = trials_;
    if (trials_.empty()) return report;
    std::ranges::stable_sort(report.trials, TrialOrder(constant_loss_));
    report.outcome = outcome(report.trials.front());
    return report;
  }

  PrescriptionOutcome outcome(const Trial& best) const {
    if (!best.trains) return PrescriptionOutcome::kNothingTrains;
    const double loss = ranking_loss(best);
    const double loss_as_it_is = ranking_loss(trials_.front());
    const bool helps = loss <= clearly_below(loss_as_it_is) &&
                       loss_as_it_is - loss >= kLossResolution * constant_loss_;
    return helps ? PrescriptionOutcome::kHelps : PrescriptionOutcome::kNothingBetter;
  }

  Stream stream_;
  TrainingPlan plan_;
  const PrescriptionOptions& options_;
  double constant_loss_;
  GradientSymptoms symptoms_;
  std::vector<Trial> trials_;  ///< In the order in which they ran: as it is, then the remedies.
  std::vector<TriedRemedy> tried_;
  bool is_over_ = false;  ///< Interrupted.
};

}  // namespace

PrescriptionReport prescribe(Stream stream, TrainingPlan plan, const PrescriptionOptions& options) {
  if (options.steps < 1) {
    throw std::invalid_argument(
        fmt::format("prescribe: steps is {}, not 1 or more", options.steps));
  }
  if (!has_varied_targets(plan.data->training)) {
    throw std::invalid_argument(
        fmt::format("prescribe: {}: all targets are the same: there is nothing to learn by which "
                    "remedies could be told apart; give more samples",
                    plan.data->name));
  }
  plan.options.steps = options.steps;
  return Prescriber(stream, std::move(plan), options).run();
}

}  // namespace gradvitals
