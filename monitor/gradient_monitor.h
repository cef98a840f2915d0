// GradientMonitor: views in, HealthMetrics out, one tensor_stats call for all roles.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/buffer.h"
#include "kernels/stream.h"
#include "kernels/tensor_stats.h"
#include "kernels/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Watches tensors on one stream. The statistics table is kept between calls and rebuilt only when a
/// view's memory, size or type changes.
class GradientMonitor {
 public:
  explicit GradientMonitor(Stream& stream) : stream_(&stream) {}

  /// Statistics of every view, the seed's metrics over those with role gradient, and unit records
  /// for layers whose outputs and pre-activations are among them. Views may come in any order;
  /// records keep it. Throws std::invalid_argument naming a view that contradicts itself.
  HealthMetrics examine(std::span<const TensorView> views, std::optional<double> loss = {});

 private:
  Stream* stream_;
  std::vector<TensorView> watched_;
  std::optional<TensorStatsTable> table_;
  std::vector<TensorStats> stats_;
  Buffer workspace_;
};

}  // namespace gradvitals
