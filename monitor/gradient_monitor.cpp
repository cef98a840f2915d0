#include "monitor/gradient_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "kernels/matrix_view.h"
#include "monitor/metrics/unit_records.h"

namespace gradvitals {
namespace {

/// Without the product, which can overflow.
bool has_shape(const TensorView& view) {
  if (view.count < 0 || view.rows < 0 || view.cols < 0) return false;
  if (view.rows == 0 || view.cols == 0) return view.count == 0;
  return view.count % view.cols == 0 && view.count / view.cols == view.rows;
}

void check_view(const TensorView& view, DeviceType device) {
  if (!has_shape(view)) {
    throw std::invalid_argument(fmt::format("GradientMonitor: {} {} has {} elements in shape {}",
                                            name(view.role), view.name, view.count,
                                            shape_text(view.rows, view.cols)));
  }
  if (view.device != device) {
    throw std::invalid_argument(fmt::format("GradientMonitor: {} {} is on {}, the monitor on {}",
                                            name(view.role), view.name, name(view.device),
                                            name(device)));
  }
}

bool is_same_memory(const TensorStatsTable::Entry& entry, const TensorView& view) {
  const std::int64_t count = view.data == nullptr ? 0 : view.count;
  return entry.data == view.data && entry.count == count && entry.dtype == view.dtype;
}

TensorRecord record_of(const TensorView& view, const TensorStats& stats) {
  TensorRecord record;
  record.name = view.name;
  record.role = view.role;
  record.layer = view.layer;
  record.dtype = view.dtype;
  record.activation = view.activation;
  record.rows = view.rows;
  record.cols = view.cols;
  record.exists = view.data != nullptr;
  record.stats = stats;
  return record;
}

}  // namespace

void GradientMonitor::watch(std::span<const TensorView> views) {
  if (table_ && std::ranges::equal(table_->entries(), views, is_same_memory)) return;
  // The table last: a call that fails leaves nothing that the next one would take for ready.
  TensorStatsTable table(*stream_, views);
  stats_.resize(views.size());
  if (stats_workspace_.bytes() < table.workspace_bytes()) {
    stats_workspace_ = Buffer(*stream_, table.workspace_bytes());
  }
  table_ = std::move(table);
}

HealthMetrics GradientMonitor::examine(std::span<const TensorView> views,
                                       std::optional<double> loss) {
  for (const TensorView& view : views) check_view(view, stream_->device());
  watch(views);
  tensor_stats(*stream_, *table_, stats_, stats_workspace_);
  stream_->synchronize();

  std::vector<TensorRecord> records;
  std::vector<double> gradient_norms;
  records.reserve(views.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    records.push_back(record_of(views[i], stats_[i]));
    const TensorRecord& record = records.back();
    const bool is_gradient = record.role == Role::kGradient && record.exists;
    if (is_gradient) gradient_norms.push_back(record.stats.ieee_norm());
  }
  HealthMetrics metrics = metrics_from_norms(gradient_norms);
  metrics.loss = loss;
  metrics.tensors = std::move(records);
  if (options_.units) metrics.units = unit_records(*stream_, views, unit_workspace_);
  return metrics;
}

}  // namespace gradvitals
