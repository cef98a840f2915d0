#include "monitor/gradient_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "kernels/matrix_view.h"
#include "monitor/metrics/slice_summary.h"
#include "monitor/metrics/unit_records.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kRecordBytes = sizeof(TensorStats);

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
  if (view.role == Role::kLoss && view.count != 1) {
    throw std::invalid_argument(
        fmt::format("GradientMonitor: loss {} has {} elements, not one", view.name, view.count));
  }
  if (view.device != device) {
    throw std::invalid_argument(fmt::format("GradientMonitor: {} {} is on {}, the monitor on {}",
                                            name(view.role), view.name, name(view.device),
                                            name(device)));
  }
}

TensorRecord describe(const TensorView& view) {
  TensorRecord record;
  record.name = view.name;
  record.role = view.role;
  record.layer = view.layer;
  record.dtype = view.dtype;
  record.activation = view.activation;
  record.rows = view.rows;
  record.cols = view.cols;
  record.rank = view.rank;
  record.unit_axis = view.unit_axis;
  record.exists = view.data != nullptr;
  return record;
}

/// The only element, from its statistics.
double value_of(const TensorStats& stats) {
  if (stats.nan_count > 0) return std::numeric_limits<double>::quiet_NaN();
  if (stats.inf_count > 0) return std::numeric_limits<double>::infinity();
  return stats.sum;
}

HealthMetrics metrics_of(std::span<const TensorRecord> descriptions,
                         std::span<const TensorStats> stats) {
  std::vector<TensorRecord> records;
  std::vector<double> gradient_norms;
  std::optional<double> loss;
  records.reserve(descriptions.size());
  gradient_norms.reserve(descriptions.size());
  for (std::size_t i = 0; i < descriptions.size(); ++i) {
    if (descriptions[i].role == Role::kLoss) {
      if (descriptions[i].exists) loss = value_of(stats[i]);
      continue;
    }
    records.push_back(descriptions[i]);
    records.back().stats = stats[i];
    // A gradient without elements stands for one that is not there, and has no norm.
    const bool is_gradient = records.back().role == Role::kGradient && records.back().exists &&
                             records.back().stats.count > 0;
    if (is_gradient) gradient_norms.push_back(stats[i].ieee_norm());
  }
  HealthMetrics metrics = metrics_from_norms(std::move(gradient_norms));
  metrics.loss = loss;
  metrics.tensors = std::move(records);
  return metrics;
}

/// Puts into the records, which lack the views of losses, what their slices show.
void add_slices(std::span<const TensorView> views,
                std::span<const std::optional<KernelSlices>> slices,
                std::span<TensorRecord> records) {
  auto record = records.begin();
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].role == Role::kLoss) continue;
    if (slices[i]) {
      record->units = slices[i]->units;
      record->inputs = slices[i]->inputs;
    }
    ++record;
  }
}

}  // namespace

GradientMonitor::GradientMonitor(Stream stream, Options options)
    : stream_(stream), options_(options), parcels_{Parcel(stream_), Parcel(stream_)} {}

void GradientMonitor::watch(std::span<const TensorView> views) {
  if (table_ && std::ranges::equal(views_, views)) return;
  for (const TensorView& view : views) check_view(view, stream_.device());
  // The table last: a call that fails leaves nothing that the next one would take for ready.
  TensorStatsTable table(stream_, views);
  table_.reset();
  auto descriptions = std::make_shared<Descriptions>();
  std::ranges::transform(views, std::back_inserter(*descriptions), describe);
  descriptions_ = std::move(descriptions);
  views_.assign(views.begin(), views.end());
  for (std::size_t i = 0; i < views_.size(); ++i) views_[i].name = (*descriptions_)[i].name;
  if (stats_workspace_.bytes() < table.workspace_bytes()) {
    stats_workspace_ = Buffer(stream_, table.workspace_bytes());
  }
  if (records_.bytes() < table.record_count() * kRecordBytes) {
    records_ = Buffer(stream_, table.record_count() * kRecordBytes);
  }
  table_ = std::move(table);
}

void GradientMonitor::measure(std::span<const TensorView> views) {
  watch(views);
  auto* records = static_cast<TensorStats*>(records_.data());
  tensor_stats(stream_, *table_, {records, table_->record_count()}, stats_workspace_);
}

const TensorStats* GradientMonitor::all_gradients() const {
  require_measured("all_gradients");
  return static_cast<const TensorStats*>(records_.data()) + table_->size();
}

void GradientMonitor::require_measured(const char* call) const {
  if (table_) return;
  throw std::logic_error(fmt::format("GradientMonitor: {}() before anything was measured", call));
}

void GradientMonitor::send(Parcel& parcel) {
  require_measured("collect");
  const std::int64_t bytes = table_->size() * kRecordBytes;
  if (parcel.records.bytes() < bytes) parcel.records = HostBuffer(stream_, bytes);
  copy_to_host_async(stream_, records_.data(), bytes, parcel.records);
  parcel.arrived.record();
  parcel.descriptions = descriptions_;
}

std::optional<HealthMetrics> GradientMonitor::receive(Parcel& parcel) {
  const auto descriptions = std::exchange(parcel.descriptions, nullptr);
  if (!descriptions) return std::nullopt;
  parcel.arrived.wait();
  const auto* stats = static_cast<const TensorStats*>(parcel.records.data());
  return metrics_of(*descriptions, {stats, descriptions->size()});
}

std::optional<HealthMetrics> GradientMonitor::collect() {
  // Sent before the other is waited for, so that the device is never without work.
  send(parcels_[next_parcel_]);
  next_parcel_ = 1 - next_parcel_;
  return receive(parcels_[next_parcel_]);
}

std::optional<HealthMetrics> GradientMonitor::finish() {
  return receive(parcels_[1 - next_parcel_]);
}

HealthMetrics GradientMonitor::examine(std::span<const TensorView> views) {
  measure(views);
  std::vector<TensorStats> stats(views.size());
  copy_to_host(stream_, records_.data(), std::ssize(stats) * kRecordBytes, stats.data());
  HealthMetrics metrics = metrics_of(*descriptions_, stats);
  if (options_.units) {
    metrics.units = unit_records(stream_, views, unit_workspace_);
    add_slices(views, kernel_slices(stream_, views, slice_workspace_), metrics.tensors);
  }
  return metrics;
}

}  // namespace gradvitals
