// HealthMonitor: tensors of a network in training in, judged steps out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/runtime/stream.h"
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/view.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/report/network_report.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// For a trainer that is not this project's, whose tensors may lie on several devices:
///
///     HealthMonitor monitor({.run = "resnet", .history = "run.jsonl"});
///     monitor.watch(views);                        // gradients, and weights where they are known
///     for (...) {
///       ...                                        // forward, backward
///       monitor.set_data(pointers);
///       monitor.observe();                         // one pass
///       monitor.commit({.loss = loss});            // judged, and written to the history
///     }
///     monitor.report()                             // how the network is now
///
/// On a GPU nothing waits between observe() and commit(): a step is judged in a later call, when
/// its statistics have arrived. Used by one thread at a time.
class HealthMonitor {
 public:
  struct Options {
    std::string run = "network";  ///< What reports call it.
    std::string history{};  ///< A file that steps are appended to (HistoryWriter); empty: none.
    std::optional<std::int64_t> resume_step{};  ///< The history goes on at this step.
    Thresholds thresholds{};
    int threads = 1;  ///< Of the pass on the CPU; 0: one per core.
    /// Steps between visits of all rules, beside the first kFirstCheckups. Steps that are observed
    /// with layers are check-ups as well.
    std::int64_t checkup_every = 10;
  };

  /// What is known of a step beside its tensors.
  struct Step {
    std::optional<std::int64_t> step{};  ///< Else one more than the last one, from 0 on.
    std::optional<double> loss{};        ///< Not scaled.
    std::optional<double> learning_rate{};
    double loss_scale = 1.0;  ///< Gradients are divided by it.
    double clip_scale = 1.0;  ///< What gradients are multiplied by before the update.
    bool is_skipped = false;  ///< Its update is not applied.
  };

  static constexpr std::int64_t kFirstCheckups = 3;
  /// Steps on their way from a GPU; where there are as many, observe() waits for them.
  static constexpr std::size_t kMostPending = 32;
  /// Events that nobody takes; of more, the earliest are forgotten.
  static constexpr std::size_t kMostEvents = 1000;

  /// Throws std::invalid_argument for a number of threads or steps out of range, and as
  /// HistoryWriter does.
  explicit HealthMonitor(Options options);
  /// Judges first what was committed, so that the history has it. Waits.
  ~HealthMonitor();
  HealthMonitor(HealthMonitor&&) noexcept;
  HealthMonitor& operator=(HealthMonitor&&) noexcept;

  /// Work on the stream's device is issued to it from now on; without one, to the GPU's default
  /// stream. Waits for steps on their way. Throws std::invalid_argument for device cpu.
  void use_stream(const Stream& stream);

  /// Declares the tensors, of roles gradient and weight at least. If they differ from the watched
  /// ones in their data alone, this is set_data(); of others there are no statistics before they
  /// are observed, but what was observed of those before can still be committed. Throws as
  /// GradientMonitor::watch(), and std::invalid_argument for a loss; those watched before then
  /// still are.
  void watch(std::span<const TensorView> views);

  /// Where the watched tensors are now, in their order; null for one that does not exist now.
  /// Throws as GradientMonitor::set_data().
  void set_data(std::span<const void* const> data);

  /// Reads the watched tensors, once each. What was observed before and not committed is forgotten.
  /// Throws std::logic_error where nothing is watched.
  void observe();
  /// The same with layers of this step (pre-activations, outputs, deltas), which need not be
  /// watched, and every row and column of kernels. Their records stand in for those of later
  /// check-ups, until layers are observed again or other tensors watched. Waits. Throws as
  /// GradientMonitor::inspect(), and std::invalid_argument for another role; what was observed
  /// before then still is.
  void observe(std::span<const TensorView> layers);

  /// As observed last: a record for each watched tensor in their order, then one of all gradients
  /// together. Those of a loss that was scaled are scaled. Waits on a GPU. Throws std::logic_error
  /// where the watched tensors were not observed, and std::invalid_argument for another number of
  /// records.
  void copy_stats(std::span<TensorStats> stats);
  /// NaN and Inf in all gradients together, as observed last. Waits on a GPU. Throws std::logic_error
  /// before the first observe().
  std::int64_t nonfinite_elements();
  /// Tensors that are watched.
  std::int64_t size() const;

  /// What was observed last is a training step. Throws std::logic_error where nothing was since the
  /// step before, and std::invalid_argument for a step that does not come after the one before or
  /// is the last number, or a scale that is not positive and finite; what was observed then still
  /// is.
  void commit(const Step& step);

  /// Whether what was observed last should not be applied: NaN or Inf in a gradient, or a norm that
  /// is a spike beside those of the steps before (R14), which lasts for 8 steps at most. Waits on a
  /// GPU. Throws as copy_stats(), and std::invalid_argument for a scale that is not positive and
  /// finite.
  bool should_skip(double loss_scale = 1.0);

  /// Judges the steps that have arrived, or where it waits all that were committed.
  void poll(bool waits = false);

  /// What began, grew worse or ended since the last call.
  std::vector<HealthEvent> take_events();
  /// Steps that were judged.
  std::int64_t steps() const;
  /// Once: why a line of the history could not be written.
  std::optional<std::string> take_complaint();

  /// How the network is now: the last step that was applied by itself, and what lasts of those
  /// before (HealthTracker::judge()). Before the first step, what was observed. Waits. Throws
  /// std::logic_error where nothing was.
  NetworkReport report();

  /// The whole run, step by step. Waits.
  TrajectoryReport trajectory();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradvitals
