#include "monitor/gradient_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "kernels/runtime/matrix_view.h"
#include "monitor/metrics/distinct_names.h"
#include "monitor/metrics/networks.h"
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

TensorRecord describe(const TensorView& view, std::string name) {
  TensorRecord record;
  record.name = std::move(name);
  record.role = view.role;
  record.layer = view.layer;
  record.dtype = view.dtype;
  record.activation = view.activation;
  record.rows = view.rows;
  record.cols = view.cols;
  record.rank = view.rank;
  record.unit_axis = view.unit_axis;
  record.channels = view.channels;
  record.exists = view.data != nullptr;
  return record;
}

std::vector<TensorRecord> describe(std::span<const TensorView> views) {
  std::vector<std::string> names = distinct_names(views);
  std::vector<TensorRecord> records;
  records.reserve(views.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    records.push_back(describe(views[i], std::move(names[i])));
  }
  return records;
}

/// The views, named and placed as their records are.
std::vector<TensorView> as_recorded(std::span<const TensorView> views,
                                    std::span<const TensorRecord> records) {
  std::vector<TensorView> result(views.begin(), views.end());
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].name = records[i].name;
    result[i].layer = records[i].layer;
    result[i].network = records[i].network;
  }
  return result;
}

/// The only element, from its statistics.
double value_of(const TensorStats& stats) {
  if (stats.nan_count > 0) return std::numeric_limits<double>::quiet_NaN();
  if (stats.inf_count > 0) return std::numeric_limits<double>::infinity();
  return stats.sum;
}

HealthMetrics metrics_of(std::span<const TensorRecord> descriptions,
                         const std::vector<std::string>& networks,
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
    if (has_norm(records.back())) gradient_norms.push_back(stats[i].ieee_norm());
  }
  HealthMetrics metrics = metrics_from_norms(std::move(gradient_norms));
  metrics.loss = loss;
  metrics.tensors = std::move(records);
  metrics.networks = networks;
  return metrics;
}

/// Puts into the records, which lack the views of losses, what their slices show.
void add_slices(std::span<const TensorView> views, std::span<const KernelSlices> slices,
                std::span<TensorRecord> records) {
  auto record = records.begin();
  auto next = slices.begin();
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].role == Role::kLoss) continue;
    if (next != slices.end() && next->view == i) {
      record->units = next->units;
      record->inputs = next->inputs;
      ++next;
    }
    ++record;
  }
}

}  // namespace

GradientMonitor::GradientMonitor(Stream stream, Options options)
    : stream_(stream), options_(options), parcels_{Parcel(stream_), Parcel(stream_)} {}

/// Copies the views with their texts, which need not live on.
void GradientMonitor::keep(std::span<const TensorView> views) {
  texts_.clear();
  for (const TensorView& view : views) {
    texts_.emplace_back(view.name);
    texts_.emplace_back(view.model);
  }
  views_.assign(views.begin(), views.end());
  for (std::size_t i = 0; i < views_.size(); ++i) {
    views_[i].name = texts_[2 * i];
    views_[i].model = texts_[2 * i + 1];
  }
}

void GradientMonitor::watch(std::span<const TensorView> views) {
  if (table_ && std::ranges::equal(views_, views)) return;
  for (const TensorView& view : views) check_view(view, stream_.device());
  // The table last: a call that fails leaves nothing that the next one would take for ready.
  TensorStatsTable table(stream_, views);
  table_.reset();
  auto descriptions = std::make_shared<Descriptions>();
  descriptions->records = describe(views);
  descriptions->networks = place_in_networks(views, descriptions->records);
  descriptions_ = std::move(descriptions);
  keep(views);
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
  return metrics_of(descriptions->records, descriptions->networks,
                    {stats, descriptions->records.size()});
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
  HealthMetrics metrics = metrics_of(descriptions_->records, descriptions_->networks, stats);
  if (options_.units) {
    metrics.units =
        unit_records(stream_, as_recorded(views, descriptions_->records), unit_workspace_);
    add_slices(views, kernel_slices(stream_, views, slice_workspace_), metrics.tensors);
  }
  return metrics;
}

}  // namespace gradvitals
