#include "training/treatment_observer.h"

#include <stdexcept>
#include <utility>

namespace gradvitals {

TreatmentObserver::TreatmentObserver(Treatment& treatment,
                                     std::function<void(const TreatmentEvent&)> on_event)
    : treatment_(treatment), on_event_(std::move(on_event)) {}

void TreatmentObserver::on_step(const TrainingStep& step) {
  if (step.metrics == nullptr) {
    throw std::logic_error(
        "TreatmentObserver: the trainer does not watch; set TrainerOptions::watch");
  }
  const std::vector<TreatmentEvent> events =
      treatment_.add(*step.metrics, step.context, step.trainer.tracker().episodes());
  for (const TreatmentEvent& event : events) {
    if (on_event_) on_event_(event);
  }
  step.trainer.set_controls(treatment_.controls());
}

void TreatmentObserver::save_state(std::map<std::string, std::string>& state) const {
  treatment_.save_state(state);
}

void TreatmentObserver::load_state(const std::map<std::string, std::string>& state) {
  treatment_.load_state(state);
}

}  // namespace gradvitals
