// Trainer: trains a model under watch. The loop, and what may look at it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/optimizers.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "kernels/ops/loss.h"
#include "kernels/runtime/stream.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/gradient_signals.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/metrics/tensor_histogram.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/trajectory/health_tracker.h"
#include "monitor/treatment/step_controls.h"
#include "training/batches.h"
#include "training/evaluation.h"
#include "training/learning_rate.h"
#include "training/optimizer_choice.h"
#include "training/training_data.h"

namespace gradvitals {

class HistogramWatch;
class SignalWatch;
class StepWatch;
class Trainer;

/// Signals that cost more than a look at what is there (gradient_signals.h).
struct TrainingSignals {
  /// In every step after the first, the cosine of its gradients and those before: one more read of
  /// both, and the memory of one more set of gradients.
  bool cosine = false;
  /// At each check-up, the gradient noise scale: the halves of the batch are differentiated again,
  /// each by itself. Where the batch is odd, without its last sample.
  bool noise = false;
};

struct TrainerOptions {
  LossKind loss = LossKind::kMse;
  OptimizerChoice optimizer{};
  LearningRate learning_rate{};
  std::int64_t batch = 32;  ///< Samples of a step; all of them where there are fewer.
  std::int64_t epochs = 10;
  std::optional<std::int64_t> steps{};  ///< Updates in all, in place of epochs.
  std::uint64_t seed = 42;              ///< Of the order of the samples.
  bool watch =
      true;  ///< Without it there are neither metrics nor events; every loss is waited for.
  std::int64_t checkup_every = 10;  ///< Steps; the first three are check-ups as well.
  Thresholds thresholds{};
  TrainingSignals signals{};  ///< They change no bit of the training, and need `watch`.
  /// At each check-up, how gradients and weights are spread over powers of two: one more read of both.
  /// They change no bit either, and need `watch`.
  bool histograms = false;
  /// What else a checkpoint must have alike to be resumed: the model's seed, the split of the data.
  std::map<std::string, std::string> settings{};
};

/// One step as it is told to observers. Valid during the call.
struct TrainingStep {
  Trainer& trainer;
  std::int64_t step = 0;   ///< From 0: step s makes the s-th update.
  std::int64_t epoch = 0;  ///< From 0.
  double loss = 0.0;       ///< Of the step's batch, before its update.
  /// How things were before the update of this step: gradients, weights, and under role
  /// update_squares the update before, which led to these weights. Null where nothing is watched.
  const HealthMetrics* metrics = nullptr;
  const TensorStats* gradients = nullptr;    ///< All of them together; null as `metrics`.
  const GradientSignals* signals = nullptr;  ///< Null where TrainerOptions::signals asks for none.
  /// Of gradients and weights; empty but for check-ups of TrainerOptions::histograms.
  std::span<const TensorHistogram> histograms{};
  const StepContext& context;
  const StepControls& controls;  ///< Those that the context is the result of.
  std::span<const HealthEvent> events;
  std::span<const std::int64_t> samples;  ///< Rows of TrainingData::training that make the batch.
  /// The update has not been applied: Trainer::save_checkpoint() writes the state before this step.
  /// True on cpu and sim; on a GPU the host learns of a step some steps later.
  bool is_before_update = false;
};

/// One pass over the data, told after its last update.
struct TrainingEpoch {
  Trainer& trainer;
  std::int64_t epoch = 0;                ///< From 0.
  std::int64_t steps = 0;                ///< Updates made in all.
  double training_loss = 0.0;            ///< Mean over the batches of the epoch.
  std::optional<Evaluation> validation;  ///< None where no samples are held out.
};

/// Looks at a training, and may take part in it: Trainer::set_controls(), save_checkpoint() and
/// stop() may be called from all of these.
///
/// What they throw ends run(). The next run() tells all of them of that step once more: on cpu and
/// sim it makes the step anew; on a GPU, where the update has been made by then, the update stands.
/// The tracker judges no step twice. on_epoch() is called once for an epoch, whatever it throws.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;

  /// The batch of a step before it is used, row-major: x (B,features), y (B,outputs). Changes are
  /// used: augmentation, or a fault for a test. Must depend on step and values alone where a
  /// resumed run is to give the same bits.
  virtual void on_batch(std::int64_t step, std::span<float> x, std::span<float> y);
  virtual void on_step(const TrainingStep& step);
  virtual void on_epoch(const TrainingEpoch& epoch);

  /// What it must remember over a resume, as texts under names of its own: part of checkpoints. One
  /// that is saved in on_step() has not the step that is under way, but for observers that were
  /// told before.
  virtual void save_state(std::map<std::string, std::string>& state) const;
  /// Takes it back; `state` is what all observers saved. Throws std::invalid_argument for what it
  /// cannot use. May set controls that take the place of the checkpoint's.
  virtual void load_state(const std::map<std::string, std::string>& state);
};

/// A setting that a resumed training has otherwise than before.
struct SettingChange {
  std::string name;  ///< "learning rate"
  std::string before;
  std::string now;

  bool operator==(const SettingChange&) const = default;
};

struct TrainingResult {
  std::int64_t steps = 0;      ///< Updates made in all, those before a resume among them.
  bool is_complete = false;    ///< false: stop() ended it, or the limit of run().
  std::optional<double> loss;  ///< Of the last step.
  /// At the end of the last epoch, or of the last step of all; none before, nor without held-out
  /// samples.
  std::optional<Evaluation> validation;
};

/// Trains a model on data, and has it judged in every step:
///
///     Stream stream;
///     const TrainingData data = load_training_data({.data = "digits"});
///     Sequential model = build_model(stream, parse_model_spec("64-32-relu-10"), {.seed = 1});
///     Trainer trainer(stream, model, data,
///                     {.loss = LossKind::kSoftmaxCrossEntropy,
///                      .optimizer = {.kind = OptimizerKind::kAdam}, .epochs = 10});
///     const TrainingResult result = trainer.run();
///     fmt::print("{:.1f} % right, {}\n", 100.0 * result.validation->score,
///                name(trainer.tracker().worst_severity()));
///
/// A step: batch, forward, backward, statistics, judgement, observers, update. On cpu and sim a
/// step is judged before its update is applied, so that a checkpoint of an incident holds what led
/// to it. On a GPU only check-ups wait for the statistics; observers hear of another step once its
/// have arrived.
///
/// Everything random is a function of seed and step: the order of samples of TrainerOptions::seed,
/// masks of Dropout of the model's. Two runs of one program on one machine give the same bits, and
/// so does a run that was interrupted and resumed from a checkpoint.
class Trainer {
 public:
  /// Model and data must outlive the trainer and stay where they are. Throws std::invalid_argument
  /// naming the option that is out of range, and model and data where their shapes do not fit.
  Trainer(Stream stream, Sequential& model, const TrainingData& data, TrainerOptions options);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Observers are called in this order, and must outlive the trainer or be removed. Neither of
  /// both may be called by an observer.
  void add_observer(TrainingObserver& observer);
  void remove_observer(TrainingObserver& observer);

  /// Trains until all steps are made, `most_steps` more were, or stop() was called. May be called
  /// again, and then goes on. A stop() that comes while nothing runs counts for the next run(); one
  /// that comes in the last step of a run() ends that one alone. Throws ModelMemoryError where a
  /// step does not fit into memory, and what observers throw.
  TrainingResult run(std::int64_t most_steps = std::numeric_limits<std::int64_t>::max());

  /// Ends run() after the step that is under way. May be called from any thread and from a signal
  /// handler.
  void stop() noexcept { is_stopped_.store(true, std::memory_order_relaxed); }

  /// For the steps after the one that is under way. Throws std::invalid_argument for a factor that
  /// is negative or not finite, a limit that is not positive, and a limit where nothing is watched:
  /// the norm is not known there.
  void set_controls(const StepControls& controls);
  const StepControls& controls() const { return next_controls_; }

  /// Writes weights, optimizer state, controls, the tracker's memory and the observers' (under names
  /// other than "tracker"), and the position, whole or not at all: before the update of step(). The
  /// signals' memory is not part of it: after a resume the average of the noise scale begins anew, and
  /// the first step has no cosine. Where on_step() calls it on a GPU, steps are on their way that
  /// observers have not heard of: their losses are missing in the epoch's mean, and they in what
  /// tracker and observers remember. Throws std::system_error naming the path.
  void save_checkpoint(const std::string& path) const;
  /// Goes on where the checkpoint was written, with the bits of a run that was never interrupted.
  /// Only the learning rate, its schedule and the number of steps may differ from before: what does
  /// is returned, and holds from step() on. total_steps() stays. tracker() remembers what it did
  /// then, and begins anew where the checkpoint is of a training that was not watched. Of a step that
  /// on_step() told when the checkpoint was written, observers hear again, with the same events. The
  /// controls are the checkpoint's, unless an observer's load_state() sets others. They stay for good
  /// where nothing treats the training any more: set_controls({}) takes them back. Throws InputError
  /// naming the file and what is missing, of another shape, out of range, or was made with other
  /// settings; the trainer is then as it was, though observers may have taken their part. Not to be
  /// called by observers.
  std::vector<SettingChange> load_checkpoint(const std::string& path);

  /// Loss and score on the samples that are held out; none where there are none.
  std::optional<Evaluation> evaluate() const;

  std::int64_t step() const { return step_; }  ///< Updates made: the number of the next one.
  std::int64_t total_steps() const { return total_steps_; }
  std::int64_t steps_per_epoch() const { return batches_.steps_per_epoch(); }
  const TrainerOptions& options() const { return options_; }
  const Sequential& model() const { return model_; }
  const TrainingData& data() const { return data_; }
  const HealthTracker& tracker() const { return tracker_; }
  Stream stream() const { return stream_; }

 private:
  /// A step whose metrics are on their way.
  struct PendingStep {
    std::int64_t step = 0;
    std::int64_t epoch = 0;
    double learning_rate = 0.0;
    bool is_checkup = false;
    StepControls controls{};
    std::vector<std::int64_t> samples;
  };

  /// Of the losses of an epoch.
  struct LossSum {
    double sum = 0.0;
    std::int64_t count = 0;
  };

  void make_step();
  void make_step_in_memory();
  [[noreturn]] void refuse_for_memory() const;
  void load_batch(std::span<const std::int64_t> samples);
  void observe_signals(const Gradients& gradients, bool is_checkup);
  PendingStep begin_step(std::span<const std::int64_t> samples);
  void give_up_step();
  void forget_pending();
  void check_controls(const StepControls& controls) const;
  UpdateGuard guard() const;
  void deliver_arrived(bool waits);
  bool deliver_first(bool waits);
  void deliver(const PendingStep& pending, double loss, const HealthMetrics* metrics);
  void end_epoch();
  void set_layer_counts(std::int64_t steps);
  std::map<std::string, std::string> settings() const;

  mutable Stream stream_;
  Sequential& model_;
  const TrainingData& data_;
  TrainerOptions options_;
  Batches batches_;
  std::int64_t total_steps_ = 0;
  std::int64_t step_ = 0;
  std::atomic<bool> is_stopped_ = false;
  bool is_in_step_ = false;
  bool is_epoch_over_ = false;  ///< Its last update is made, and it has not been told of.
  std::vector<TrainingObserver*> observers_;

  std::vector<Parameter*> parameters_;
  std::unique_ptr<Optimizer> optimizer_;
  Tape tape_;
  Tensor x_, y_;                   ///< The batch, on the device.
  std::vector<float> x_of_batch_;  ///< The same on the host.
  std::vector<float> y_of_batch_;
  StepControls controls_{};  ///< Of the step that is under way, or comes next.
  StepControls next_controls_{};

  bool waits_for_steps_;              ///< On devices where nothing is gained by not waiting.
  std::unique_ptr<StepWatch> watch_;  ///< Null where nothing is watched.
  std::unique_ptr<SignalWatch> signal_watch_;        ///< Null where no signals are asked for.
  std::unique_ptr<HistogramWatch> histogram_watch_;  ///< Null where none are asked for.
  HealthTracker tracker_;
  std::deque<PendingStep> pending_;
  std::optional<HealthMetrics> arrived_;  ///< Of the first of them, until all observers have heard.
  std::vector<PendingStep> idle_;
  std::optional<double> loss_;  ///< Of the last step that was heard of.
  LossSum epoch_loss_{};
  std::optional<Evaluation> validation_;
};

}  // namespace gradvitals
