// GradientMonitor: views in, HealthMetrics out, one tensor_stats call for all roles.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/event.h"
#include "kernels/runtime/matrix_view.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Watches tensors on one stream. At a check-up:
///
///     HealthMetrics metrics = monitor.inspect(tape.views());
///
/// In a training loop, without synchronising:
///
///     for (...) {
///       ...                                              // forward, backward
///       monitor.observe(tape.views());                   // one launch
///       optimizer.apply(stream, gradients, {.gradients = monitor.global_stats()});
///       monitor.submit(step);
///       while (auto metrics = monitor.poll()) ...        // of steps that have arrived
///     }
///     while (auto metrics = monitor.flush()) ...         // of those still on their way
///
/// If only the data pointers of the tensors change, declare the tensors once:
///
///     monitor.watch(views);
///     for (...) {
///       monitor.set_data(pointers);
///       monitor.observe();
///       monitor.submit(step);
///     }
class GradientMonitor {
 public:
  struct Options {
    /// Also count dead and saturated units, and compare the rows and columns of kernels and their
    /// gradients, which reads those tensors again. Of inspect() alone.
    bool units = true;
  };

  explicit GradientMonitor(Stream stream) : GradientMonitor(stream, Options{}) {}
  GradientMonitor(Stream stream, Options options);

  /// Statistics of every view, the notebook's metrics over those with role gradient that exist, and
  /// layers' units (layer_units.h) and slices (slice_summary.h). Views may come in any order;
  /// records keep it, and have names of their own (distinct_names.h) and places (network_split.h). A
  /// view with role loss becomes the metrics' loss (an infinite one loses its sign; one with null
  /// data is no loss). Throws std::invalid_argument naming a view that contradicts itself or lies
  /// on another device.
  HealthMetrics inspect(std::span<const TensorView> views);

  /// Sets the tensors to watch. If they differ from the watched ones in their data alone, this is
  /// set_data(); otherwise it makes a plan, which synchronises with the stream. Throws as
  /// inspect(); where no plan can be made, those watched before still are.
  void watch(std::span<const TensorView> views);

  /// Sets the data pointers of the watched tensors, in their order; null for one that does not
  /// exist in this step. If any has changed, issues one small copy to the stream. Throws as
  /// TensorStatsPlan::set_data(), and std::logic_error where nothing is watched.
  void set_data(std::span<const void* const> data);

  /// Issues the statistics of the watched tensors to the stream; they stay on the device until the
  /// next call. May be captured in a graph (kernels/runtime/graph.h) after a first call with the
  /// same views; do not watch others while the graph exists. Throws std::logic_error where nothing
  /// is watched.
  void observe();
  /// watch() and observe().
  void observe(std::span<const TensorView> views);

  /// The statistics of all gradients together, of the last observe(), in device memory: for a
  /// guarded update. Throws std::logic_error where nothing is watched.
  const TensorStats* global_stats() const;
  /// The same on the host, of the step whose metrics inspect(), poll() or flush() gave last; empty
  /// before.
  const TensorStats& received_global_stats() const { return received_global_; }

  /// Issues an asynchronous copy of the last statistics to the host, as the metrics of `step`. Must
  /// not be captured: each copy goes to host memory of its own step, which poll() reads. Throws
  /// std::logic_error where nothing is watched.
  void submit(std::int64_t step) { submit(step, {}); }
  /// The same with what the step's update changed: `update_squares` (P), on the stream's device, is
  /// for each watched gradient, in their order, the sum of squares of what was added to its parameter,
  /// as optimizers give it. The metrics hold it as records of role update_squares behind all others.
  /// May be of no elements: it is not known. Throws std::invalid_argument for another number.
  void submit(std::int64_t step, const VectorView<const double>& update_squares);

  /// The metrics of the earliest submitted step if they have arrived, else none. Returns each once.
  std::optional<HealthMetrics> poll();

  /// The same, but waits for them; none if nothing is pending.
  std::optional<HealthMetrics> flush();

  /// Capacity of the queue of submitted steps that were not polled. One more drops the earliest.
  static constexpr std::size_t kMostPending = 64;
  /// Number of steps dropped that way.
  std::int64_t lost() const { return lost_; }

 private:
  /// Descriptions of the views: everything but their statistics.
  struct Descriptions {
    std::vector<TensorRecord> records;
    std::vector<TensorRecord> updates;  ///< Of role update_squares: one for each gradient.
    std::vector<Name> networks;         ///< HealthMetrics::networks
  };

  /// Statistics of a step on their way to the host.
  struct Readback {
    explicit Readback(Stream& stream) : arrived(stream) {}

    HostBuffer stats;
    HostBuffer update_squares;
    std::int64_t update_count = 0;
    Event arrived;
    std::int64_t step = 0;
    std::shared_ptr<const Descriptions> descriptions;
  };

  bool move_to(std::span<const TensorView> views);
  void require_watched(const char* call) const;
  Readback take_idle();
  HealthMetrics receive_first();

  Stream stream_;
  Options options_;
  std::optional<TensorStatsPlan> plan_;
  std::shared_ptr<const Descriptions> descriptions_;
  std::vector<TensorView> views_;  ///< Those of plan_.
  std::vector<const void*> data_;  ///< Of views that were watched before.
  Buffer records_;
  Buffer unit_workspace_;
  Buffer slice_workspace_;
  std::deque<Readback> pending_;  ///< The earliest first.
  std::vector<Readback> idle_;
  std::int64_t lost_ = 0;
  TensorStats received_global_;
};

}  // namespace gradvitals
