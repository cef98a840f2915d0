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
#include "kernels/runtime/stream.h"
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Watches tensors on one stream. At a check-up:
///
///     HealthMetrics metrics = monitor.inspect(tape.views());
///
/// In a training loop, where nobody waits for a GPU:
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
/// A trainer whose tensors stay the same but for their memory names them once:
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
    /// Count dead and saturated units, and compare the rows and columns of kernels and their
    /// gradients, which reads those tensors again. inspect() alone does it.
    bool units = true;
  };

  explicit GradientMonitor(Stream stream) : GradientMonitor(stream, Options{}) {}
  GradientMonitor(Stream stream, Options options);

  /// Statistics of every view, the notebook's metrics over those with role gradient that exist, and
  /// layers' units (layer_units.h) and slices (slice_summary.h). Views may come in any order;
  /// records keep it, and have names of their own (distinct_names.h) and places (networks.h). A
  /// view with role loss becomes the metrics' loss (an infinite one loses its sign; one with null
  /// data is no loss). Throws std::invalid_argument naming a view that contradicts itself or lies
  /// on another device.
  HealthMetrics inspect(std::span<const TensorView> views);

  /// What to watch from here on. Where it is what was watched before, nothing is done but for the
  /// memory of the tensors (set_data()); else a plan is made, which waits for the stream. Throws as
  /// inspect().
  void watch(std::span<const TensorView> views);

  /// Where the tensors are from here on, in the order of the views watched; null for one that does
  /// not exist in this step. One small copy behind the work issued before, where anything has moved.
  /// Throws as TensorStatsPlan::set_data(), and std::logic_error where nothing is watched.
  void set_data(std::span<const void* const> data);

  /// Issues the statistics of what is watched to the stream, where they stay until the next call. It
  /// may be captured in a graph (kernels/runtime/graph.h) once it has run with the same views; until the
  /// graph has gone, do not watch others. Throws std::logic_error where nothing is watched.
  void observe();
  /// watch() and observe().
  void observe(std::span<const TensorView> views);

  /// On the stream's device: the record of all gradients that were observed last, together, for a
  /// guarded update. Throws std::logic_error where nothing is watched.
  const TensorStats* global_stats() const;

  /// Sends what was observed last on its way to the host, as the metrics of `step`. It waits for
  /// nothing. Not to be captured: the host reads what it sends. Throws std::logic_error where nothing
  /// is watched.
  void submit(std::int64_t step);

  /// The metrics of the earliest step submitted, if they have arrived; none otherwise. Each once.
  std::optional<HealthMetrics> poll();

  /// The same, waited for; none where nothing is on its way.
  std::optional<HealthMetrics> flush();

  /// Steps that may be on their way, or have arrived and were not polled. One more, and the earliest
  /// is lost.
  static constexpr std::size_t kMostPending = 64;
  /// How many were lost so.
  std::int64_t lost() const { return lost_; }

 private:
  /// What is known of the views without their statistics.
  struct Descriptions {
    std::vector<TensorRecord> records;
    std::vector<Name> networks;  ///< HealthMetrics::networks
  };

  /// Statistics of a step on their way to the host.
  struct Readback {
    explicit Readback(Stream& stream) : arrived(stream) {}

    HostBuffer stats;
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
};

}  // namespace gradvitals
