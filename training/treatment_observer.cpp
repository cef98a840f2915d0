#include "training/treatment_observer.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace gradvitals {
namespace {

constexpr std::string_view kTreatmentPrefix = "treatment.";  // Treatment::save_state()

bool has_treatment(const std::map<std::string, std::string>& state) {
  const auto first = state.lower_bound(std::string(kTreatmentPrefix));
  return first != state.end() && first->first.starts_with(kTreatmentPrefix);
}

}  // namespace

TreatmentObserver::TreatmentObserver(Trainer& trainer, const TreatmentOptions& options,
                                     Listener listener)
    : trainer_(trainer),
      options_(options),
      listener_(std::move(listener)),
      treatment_(options, trainer.options().thresholds),
      before_(treatment_) {
  if (!trainer.options().watch) {
    throw std::invalid_argument(
        "TreatmentObserver: without watching there is nothing to treat by; set "
        "TrainerOptions::watch");
  }
  trainer.add_observer(*this);
  trainer.set_controls(treatment_.controls());
}

void TreatmentObserver::on_step(const TrainingStep& step) {
  // A step that another observer ended by throwing is made anew.
  if (step.step == last_step_) treatment_ = before_;
  before_ = treatment_;
  last_step_ = step.step;
  const auto events =
      treatment_.add(*step.metrics, step.context, step.trainer.tracker().episodes());
  step.trainer.set_controls(treatment_.controls());
  if (!listener_) return;
  for (const TreatmentEvent& event : events) listener_(event);
}

void TreatmentObserver::save_state(std::map<std::string, std::string>& state) const {
  // Of the step that is under way, the resumed run hears again.
  const bool is_under_way = trainer_.step() == last_step_;
  (is_under_way ? before_ : treatment_).save_state(state);
}

void TreatmentObserver::load_state(const std::map<std::string, std::string>& state) {
  Treatment loaded(options_, trainer_.options().thresholds);
  if (has_treatment(state)) loaded.load_state(state);
  treatment_ = std::move(loaded);
  before_ = treatment_;
  last_step_ = -1;
  trainer_.set_controls(treatment_.controls());
}

}  // namespace gradvitals
