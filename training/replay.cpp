#include "training/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <stdexcept>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "training/evaluation.h"

namespace gradvitals {
namespace {

/// A history has nine digits of a statistic, within 0.501 units of the last.
constexpr double kRecordedAccuracy = 5.01e-9;

std::optional<std::int64_t> first_nonfinite(std::span<const float> values) {
  const auto found =
      std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (found == values.end()) return std::nullopt;
  return found - values.begin();
}

double max_abs_of(std::span<const float> values) {
  double largest = 0.0;
  for (const float value : values) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(double{value}));
  }
  return largest;
}

/// Keeps the batch's samples, each by itself, and the metrics of one step.
class StepWitness final : public TrainingObserver {
 public:
  explicit StepWitness(const Trainer& trainer) : trainer_(trainer) {}

  void on_batch(std::int64_t /*step*/, std::span<float> x, std::span<float> y) override {
    const auto features = static_cast<std::size_t>(trainer_.data().features);
    const auto outputs = static_cast<std::size_t>(trainer_.data().outputs);
    for (std::size_t place = 0; place * features < x.size(); ++place) {
      samples_.push_back(sample_of(static_cast<std::int64_t>(place),
                                   x.subspan(place * features, features),
                                   y.subspan(place * outputs, outputs)));
    }
  }

  void on_step(const TrainingStep& step) override {
    const std::vector<std::int64_t>& source_rows = trainer_.data().training.source_rows;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      samples_[i].row = step.samples[i];
      if (source_rows.empty()) continue;
      samples_[i].source_row = source_rows.at(static_cast<std::size_t>(samples_[i].row));
    }
    rows_.assign(step.samples.begin(), step.samples.end());
    metrics_ = *step.metrics;
  }

  bool has_seen_step() const { return metrics_.has_value(); }
  const HealthMetrics& metrics() const { return *metrics_; }
  const std::vector<std::int64_t>& rows() const { return rows_; }
  std::vector<ReplayedSample> take_samples() { return std::move(samples_); }

 private:
  ReplayedSample sample_of(std::int64_t place, std::span<const float> x,
                           std::span<const float> y) const {
    Stream stream = trainer_.stream();
    const Evaluation alone =
        evaluate(stream, trainer_.model(), trainer_.options().loss,
                 {.rows = 1, .x = {x.begin(), x.end()}, .y = {y.begin(), y.end()}});
    return {.place = place,
            .row = -1,
            .source_row = {},
            .loss = alone.loss,
            .max_abs_feature = max_abs_of(x),
            .nonfinite_feature = first_nonfinite(x),
            .nonfinite_target = first_nonfinite(y)};
  }

  const Trainer& trainer_;
  std::vector<ReplayedSample> samples_;
  std::vector<std::int64_t> rows_;
  std::optional<HealthMetrics> metrics_;
};

/// An observer for as long as this lives.
class Attachment {
 public:
  Attachment(Trainer& trainer, TrainingObserver& observer)
      : trainer_(trainer), observer_(observer) {
    trainer_.add_observer(observer_);
  }
  ~Attachment() { trainer_.remove_observer(observer_); }
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

 private:
  Trainer& trainer_;
  TrainingObserver& observer_;
};

/// Worst first.
bool is_worse_sample(const ReplayedSample& a, const ReplayedSample& b) {
  const auto rank = [](const ReplayedSample& sample) {
    return !sample.is_finite() ? 2 : std::isfinite(sample.loss) ? 0 : 1;
  };
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return rank(a) == 0 && a.loss > b.loss;
}

bool is_as_recorded(double value, double recorded) {
  if (std::isfinite(value) && std::isfinite(recorded)) {
    return std::abs(value - recorded) <= kRecordedAccuracy * std::abs(recorded);
  }
  return value == recorded || (std::isnan(value) && std::isnan(recorded));
}

bool is_as_recorded(const TensorStats& stats, const TensorStats& recorded) {
  return stats.count == recorded.count && stats.zero_count == recorded.zero_count &&
         stats.nan_count == recorded.nan_count && stats.inf_count == recorded.inf_count &&
         stats.first_nonfinite_index == recorded.first_nonfinite_index &&
         is_as_recorded(stats.l2_norm(), recorded.l2_norm()) &&
         is_as_recorded(stats.max_abs, recorded.max_abs);
}

const TensorRecord* find_tensor(const HealthMetrics& metrics, const TensorRecord& like) {
  const auto found = std::ranges::find_if(metrics.tensors, [&](const TensorRecord& tensor) {
    return tensor.role == like.role && tensor.name == like.name;
  });
  return found == metrics.tensors.end() ? nullptr : &*found;
}

std::vector<std::string> differences_of(const HealthMetrics& metrics,
                                        const HealthMetrics& recorded) {
  std::vector<std::string> differences;
  const double loss = metrics.loss.value_or(0.0);
  const double recorded_loss = recorded.loss.value_or(0.0);
  if (loss != recorded_loss && !(std::isnan(loss) && std::isnan(recorded_loss))) {
    differences.push_back(fmt::format("the loss is {}, and was {}", loss, recorded_loss));
  }
  for (const TensorRecord& before : recorded.tensors) {
    if (before.role != Role::kGradient && before.role != Role::kWeight) continue;
    const TensorRecord* const tensor = find_tensor(metrics, before);
    const std::string what = fmt::format("{} ({})", before.name, name(before.role));
    if (tensor == nullptr) {
      differences.push_back(fmt::format("{} is not there", what));
    } else if (!is_as_recorded(tensor->stats, before.stats)) {
      differences.push_back(
          fmt::format("{} has norm {} and {} values that are not finite, and had norm {} and {}",
                      what, tensor->stats.l2_norm(), tensor->stats.nonfinite_count(),
                      before.stats.l2_norm(), before.stats.nonfinite_count()));
    }
  }
  return differences;
}

void check_can_replay(const Trainer& trainer, const StoredIncident& incident) {
  if (!trainer.options().watch) {
    throw std::invalid_argument(
        "replay: without watching nothing would be seen; set TrainerOptions::watch");
  }
  if (trainer.total_steps() <= incident.step) {
    throw std::invalid_argument(
        fmt::format("replay: the trainer makes {} steps, and the incident is of step {}; set "
                    "TrainerOptions::steps",
                    trainer.total_steps(), incident.step));
  }
  if (incident.checkpoint_step == incident.step) return;
  refuse_input(
      incident.path,
      fmt::format("its checkpoint is of step {}, and the incident of step {}: on a GPU the "
                  "program hears of a step when others have followed it, and the step "
                  "cannot be made again",
                  incident.checkpoint_step, incident.step));
}

}  // namespace

bool ReplayedSample::is_finite() const {
  return !nonfinite_feature && !nonfinite_target;
}

Replay replay(Trainer& trainer, const StoredIncident& incident) {
  check_can_replay(trainer, incident);
  const HistoryStep recorded = read_incident_step(incident);
  const std::string checkpoint = incident.file(kIncidentCheckpointFile);
  const std::vector<SettingChange> changes = trainer.load_checkpoint(checkpoint);
  if (trainer.step() != incident.step) {
    refuse_input(checkpoint, fmt::format("is of step {}, not of the incident's, {}", trainer.step(),
                                         incident.step));
  }
  StepWitness witness(trainer);
  {
    const Attachment attachment(trainer, witness);
    trainer.run(1);
  }
  if (!witness.has_seen_step()) {
    throw std::runtime_error("replay: the trainer was stopped before the step");
  }
  Replay replay{.step = incident.step,
                .loss = witness.metrics().loss.value_or(std::nan("")),
                .metrics = witness.metrics(),
                .diagnosis = diagnose(witness.metrics(), trainer.options().thresholds),
                .samples = witness.take_samples(),
                .differences = differences_of(witness.metrics(), recorded.metrics)};
  if (witness.rows() != incident.samples) {
    replay.differences.emplace_back("the batch has other samples");
  }
  for (const SettingChange& change : changes) {
    replay.differences.push_back(
        fmt::format("the {} is {}, not {}", change.name, change.now, change.before));
  }
  std::ranges::stable_sort(replay.samples, is_worse_sample);
  return replay;
}

}  // namespace gradvitals
