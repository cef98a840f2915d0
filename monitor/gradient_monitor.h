// GradientMonitor: views in, HealthMetrics out, one tensor_stats call for all roles.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "kernels/buffer.h"
#include "kernels/stream.h"
#include "kernels/tensor_stats.h"
#include "kernels/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Watches tensors on one stream, which must outlive it. The statistics table is kept between calls
/// and rebuilt only when a view's memory, size or type changes.
class GradientMonitor {
 public:
  struct Options {
    /// Count dead and saturated units, which reads outputs and pre-activations a second time. A
    /// training loop may leave that to check-ups.
    bool units = true;
  };

  explicit GradientMonitor(Stream& stream) : GradientMonitor(stream, Options{}) {}
  GradientMonitor(Stream& stream, Options options) : stream_(&stream), options_(options) {}

  /// Statistics of every view, the seed's metrics over those with role gradient that exist, and
  /// unit records (unit_records.h). Views may come in any order; records keep it. Throws
  /// std::invalid_argument naming a view that contradicts itself or lies on another device.
  HealthMetrics examine(std::span<const TensorView> views, std::optional<double> loss = {});

 private:
  void watch(std::span<const TensorView> views);

  Stream* stream_;
  Options options_;
  std::optional<TensorStatsTable> table_;
  std::vector<TensorStats> stats_;
  Buffer stats_workspace_;
  Buffer unit_workspace_;
};

}  // namespace gradvitals
