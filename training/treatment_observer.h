// TreatmentObserver: lets a Treatment act on a training.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "monitor/metrics/thresholds.h"
#include "monitor/treatment/treatment.h"
#include "training/trainer.h"

namespace gradvitals {

/// Clips, skips and cuts the learning rate as its options say, from the next step on:
///
///     Trainer trainer(stream, model, data, options);
///     TreatmentObserver treatment(trainer, {.skips = true});
///     trainer.run();
///
/// Its memory is part of checkpoints, as is that of the trainer's tracker, which says what a lasting
/// explosion is: after a resume it treats as it would have without.
class TreatmentObserver final : public TrainingObserver {
 public:
  using Listener = std::function<void(const TreatmentEvent&)>;

  /// Becomes an observer of the trainer, and must outlive it. `listener`, where there is one, hears
  /// of what was done. Throws std::invalid_argument as Treatment does, and where the trainer does
  /// not watch.
  TreatmentObserver(Trainer& trainer, const TreatmentOptions& options, Listener listener = {});

  const TreatmentCounts& counts() const { return treatment_.counts(); }

  void on_step(const TrainingStep& step) override;
  void save_state(std::map<std::string, std::string>& state) const override;
  /// Begins anew where the checkpoint is of a training without treatment. Throws
  /// std::invalid_argument where its state is damaged.
  void load_state(const std::map<std::string, std::string>& state) override;

 private:
  Trainer& trainer_;
  TreatmentOptions options_;
  Listener listener_;
  Treatment treatment_;
  /// As it was before the step it heard of last: what a checkpoint needs that is written within it.
  Treatment before_;
  std::int64_t last_step_ = -1;
};

}  // namespace gradvitals
