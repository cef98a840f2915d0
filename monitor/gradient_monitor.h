// GradientMonitor: views in, HealthMetrics out, one tensor_stats call for all roles.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
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
///     HealthMetrics metrics = monitor.examine(tape.views());
///
/// In a training loop, where nobody waits for a GPU:
///
///     for (...) {
///       ...                                              // forward, backward
///       monitor.measure(tape.views());                   // one launch
///       optimizer.apply(stream, gradients, {.gradients = monitor.all_gradients()});
///       if (auto metrics = monitor.collect()) ...        // those of the step before
///     }
///     if (auto metrics = monitor.finish()) ...           // those of the last step
///
/// The statistics table is kept between calls and rebuilt, which waits for the stream, only when a
/// view changes.
class GradientMonitor {
 public:
  struct Options {
    /// Count dead and saturated units, and compare the rows and columns of kernels and their
    /// gradients, which reads those tensors again. examine() alone does it.
    bool units = true;
  };

  explicit GradientMonitor(Stream stream) : GradientMonitor(stream, Options{}) {}
  GradientMonitor(Stream stream, Options options);

  /// Statistics of every view, the seed's metrics over those with role gradient that exist, and
  /// unit records (unit_records.h) and slices (slice_summary.h). Views may come in any order;
  /// records keep it, and have names of their own (distinct_names.h) and places (networks.h). A
  /// view with role loss becomes the metrics' loss (an infinite one loses its sign; one with null
  /// data is no loss). Throws std::invalid_argument naming a view that contradicts itself or lies
  /// on another device.
  HealthMetrics examine(std::span<const TensorView> views);

  /// Issues the statistics of the views to the stream, where they stay until collect() or the next
  /// call. It may be captured in a graph (kernels/runtime/graph.h) once it has run with the same views;
  /// until the graph has gone, do not watch others. Throws as examine().
  void measure(std::span<const TensorView> views);

  /// On the stream's device: the record of all gradients of the last measure() together, for a
  /// guarded update. Throws std::logic_error where nothing was measured.
  const TensorStats* all_gradients() const;

  /// Sends what was measured on its way to the host, and returns the metrics that the collect()
  /// before sent; none the first time. Not to be captured: the host reads what it sends. Throws
  /// std::logic_error where nothing was measured.
  std::optional<HealthMetrics> collect();

  /// The metrics that the last collect() sent, when they have arrived; none where there are none.
  std::optional<HealthMetrics> finish();

 private:
  /// What is known of the views without their statistics.
  struct Descriptions {
    std::vector<TensorRecord> records;
    std::vector<std::string> networks;  ///< HealthMetrics::networks
  };

  /// Records on their way to the host.
  struct Parcel {
    explicit Parcel(Stream& stream) : arrived(stream) {}

    HostBuffer records;
    Event arrived;
    std::shared_ptr<const Descriptions> descriptions;  ///< Null while there is nothing on its way.
  };

  void watch(std::span<const TensorView> views);
  void keep(std::span<const TensorView> views);
  void require_measured(const char* call) const;
  void send(Parcel& parcel);
  std::optional<HealthMetrics> receive(Parcel& parcel);

  Stream stream_;
  Options options_;
  std::optional<TensorStatsTable> table_;
  std::shared_ptr<const Descriptions> descriptions_;
  std::vector<TensorView> views_;   ///< Those of table_, with texts that lie in texts_.
  std::vector<std::string> texts_;  ///< Name and model of each view.
  Buffer records_;
  Buffer stats_workspace_;
  Buffer unit_workspace_;
  Buffer slice_workspace_;
  std::array<Parcel, 2> parcels_;
  std::size_t next_parcel_ = 0;
};

}  // namespace gradvitals
