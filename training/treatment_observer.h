// TreatmentObserver: lets a treatment take part in a training.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "monitor/trajectory/health_tracker.h"
#include "monitor/treatment/treatment.h"
#include "training/trainer.h"

namespace gradvitals {

///     Treatment treatment({.skips = true});
///     TreatmentObserver treats(treatment);
///     trainer.set_controls(treatment.controls());
///     trainer.add_observer(treats);
///
/// What it remembers is part of checkpoints. An observer that saves one in on_step() has to stand before
/// it: the treatment then has not seen the step, and sees it when it is made again.
class TreatmentObserver final : public TrainingObserver {
 public:
  /// `on_event` is called with what was done, if it is given. The treatment must outlive this.
  explicit TreatmentObserver(Treatment& treatment,
                             std::function<void(const TreatmentEvent&)> on_event = {});

  /// Throws std::logic_error where the trainer does not watch.
  void on_step(const TrainingStep& step) override;
  void save_state(std::map<std::string, std::string>& state) const override;
  void load_state(const std::map<std::string, std::string>& state) override;

 private:
  Treatment& treatment_;
  std::function<void(const TreatmentEvent&)> on_event_;
};

}  // namespace gradvitals
