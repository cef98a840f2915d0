#include "monitor/gradient_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "kernels/runtime/matrix_view.h"
#include "monitor/metrics/distinct_names.h"
#include "monitor/metrics/layer_units.h"
#include "monitor/metrics/network_split.h"
#include "monitor/metrics/slice_summary.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kRecordBytes = sizeof(TensorStats);

/// Without the product, which can overflow.
bool has_shape(const TensorView& view) {
  if (view.count < 0 || view.rows < 0 || view.cols < 0) return false;
  if (view.rows == 0 || view.cols == 0) return view.count == 0;
  return view.count % view.cols == 0 && view.count / view.cols == view.rows;
}

void check_view(const TensorView& view, const Device& device) {
  if (!has_shape(view)) {
    throw std::invalid_argument(fmt::format("GradientMonitor: {} {} has {} elements in shape {}",
                                            name(view.role), view.name, view.count,
                                            shape_text(view.rows, view.cols)));
  }
  const bool is_number = view.role == Role::kLoss || view.role == Role::kUpdateSquares;
  if (is_number && view.count != 1) {
    throw std::invalid_argument(fmt::format("GradientMonitor: {} {} has {} elements, not one",
                                            name(view.role), view.name, view.count));
  }
  if (view.device != device) {
    throw std::invalid_argument(fmt::format("GradientMonitor: {} {} is on {}, the monitor on {}",
                                            name(view.role), view.name, name(view.device),
                                            name(device)));
  }
}

TensorRecord describe(const TensorView& view, Name name) {
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
  std::vector<Name> names = distinct_names(views);
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
                         const std::vector<Name>& networks, std::span<const TensorStats> stats,
                         std::size_t more_records = 0) {
  std::vector<TensorRecord> records;
  std::vector<double> gradient_norms;
  std::optional<double> loss;
  records.reserve(descriptions.size() + more_records);
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

/// One number, of an update of each gradient among the records.
std::vector<TensorRecord> describe_updates(std::span<const TensorRecord> records) {
  std::vector<TensorRecord> updates;
  for (const TensorRecord& gradient : records) {
    if (gradient.role != Role::kGradient) continue;
    TensorRecord& update = updates.emplace_back(gradient);
    update.role = Role::kUpdateSquares;
    update.dtype = DType::kFloat64;
    update.rows = update.cols = 1;
    update.channels = 0;
    update.rank = 0;
    update.unit_axis = UnitAxis::kUnknown;
  }
  return updates;
}

/// Statistics of the one element.
TensorStats stats_of(double value) {
  TensorStats stats{.count = 1};
  if (!std::isfinite(value)) {
    ++(std::isnan(value) ? stats.nan_count : stats.inf_count);
    stats.first_nonfinite_index = 0;
    return stats;
  }
  // As tensor_stats() does where a square leaves float64's range: sum_squares is of value / 2^e.
  int exponent = 0;
  const bool square_fits = std::isnormal(value * value) || value == 0.0;
  const double scaled = square_fits ? value : std::frexp(value, &exponent);
  stats.sum_squares = scaled * scaled;
  stats.scale_exponent = exponent;
  stats.sum = value;
  stats.max_abs = std::fabs(value);
  stats.zero_count = value == 0.0 ? 1 : 0;
  stats.subnormal_count = std::fpclassify(value) == FP_SUBNORMAL ? 1 : 0;
  if (value != 0.0) stats.min_abs_nonzero = stats.max_abs;
  return stats;
}

void append_updates(std::span<const TensorRecord> updates, std::span<const double> squares,
                    std::vector<TensorRecord>& records) {
  for (std::size_t i = 0; i < squares.size(); ++i) {
    records.push_back(updates[i]);
    records.back().stats = stats_of(squares[i]);
  }
}

/// Adds slice summaries to the records, which leave out the views of losses.
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
    : stream_(stream), options_(options) {}

/// If the views differ from the watched ones in their data at most, updates that and returns true.
bool GradientMonitor::move_to(std::span<const TensorView> views) {
  if (!plan_ || !std::ranges::equal(views_, views, is_same_but_for_data)) return false;
  data_.resize(views.size());
  std::ranges::transform(views, data_.begin(), &TensorView::data);
  set_data(data_);
  return true;
}

void GradientMonitor::watch(std::span<const TensorView> views) {
  for (const TensorView& view : views) check_view(view, stream_.device());
  if (move_to(views)) return;
  // Everything that can throw, and then moves, which cannot: after an error the old plan stands.
  TensorStatsPlan plan(stream_, views);
  auto descriptions = std::make_shared<Descriptions>();
  descriptions->records = describe(views);
  descriptions->networks = place_in_networks(views, descriptions->records);
  descriptions->updates = describe_updates(descriptions->records);
  std::vector<TensorView> watched(views.begin(), views.end());
  std::optional<Buffer> records;
  const std::int64_t bytes = plan.record_count() * kRecordBytes;
  if (records_.bytes() < bytes) records.emplace(stream_, bytes);
  static_assert(std::is_nothrow_move_assignable_v<TensorStatsPlan> &&
                std::is_nothrow_move_assignable_v<Buffer>);
  plan_ = std::move(plan);
  descriptions_ = std::move(descriptions);
  views_ = std::move(watched);
  if (records) records_ = std::move(*records);
}

void GradientMonitor::require_watched(const char* call) const {
  if (plan_) return;
  throw std::logic_error(fmt::format("GradientMonitor: {}() before anything is watched", call));
}

void GradientMonitor::set_data(std::span<const void* const> data) {
  require_watched("set_data");
  plan_->set_data(stream_, data);
  bool same_exist = true;
  for (std::size_t i = 0; i < data.size(); ++i) {
    same_exist = same_exist && (views_[i].data == nullptr) == (data[i] == nullptr);
    views_[i].data = data[i];
  }
  if (same_exist) return;
  // A copy: pending steps keep theirs.
  auto descriptions = std::make_shared<Descriptions>(*descriptions_);
  for (std::size_t i = 0; i < data.size(); ++i)
    descriptions->records[i].exists = data[i] != nullptr;
  descriptions->updates = describe_updates(descriptions->records);
  descriptions_ = std::move(descriptions);
}

void GradientMonitor::observe() {
  require_watched("observe");
  auto* records = static_cast<TensorStats*>(records_.data());
  tensor_stats(stream_, *plan_, {records, plan_->record_count()});
}

void GradientMonitor::observe(std::span<const TensorView> views) {
  watch(views);
  observe();
}

const TensorStats* GradientMonitor::global_stats() const {
  require_watched("global_stats");
  return static_cast<const TensorStats*>(records_.data()) + plan_->size();
}

GradientMonitor::Readback GradientMonitor::take_idle() {
  if (idle_.empty()) return Readback(stream_);
  Readback readback = std::move(idle_.back());
  idle_.pop_back();
  return readback;
}

void GradientMonitor::submit(std::int64_t step, const VectorView<const double>& update_squares) {
  require_watched("submit");
  const std::int64_t expected = std::ssize(descriptions_->updates);
  if (update_squares.count != 0 && update_squares.count != expected) {
    throw std::invalid_argument(fmt::format(
        "GradientMonitor: submit() got the squares of {} updates for {} watched gradients",
        update_squares.count, expected));
  }
  if (pending_.size() == kMostPending) {
    // Its copy, if still pending, is ordered before the one that reuses its memory.
    idle_.push_back(std::move(pending_.front()));
    pending_.pop_front();
    ++lost_;
  }
  Readback readback = take_idle();
  const std::int64_t bytes = plan_->record_count() * kRecordBytes;
  if (readback.stats.bytes() < bytes) readback.stats = HostBuffer(stream_, bytes);
  copy_to_host_async(stream_, records_.data(), bytes, readback.stats);
  readback.update_count = update_squares.count;
  if (const std::int64_t size = update_squares.count * std::int64_t{sizeof(double)}; size > 0) {
    if (readback.update_squares.bytes() < size) readback.update_squares = HostBuffer(stream_, size);
    copy_to_host_async(stream_, update_squares.data, size, readback.update_squares);
  }
  readback.arrived.record();
  readback.step = step;
  readback.descriptions = descriptions_;
  pending_.push_back(std::move(readback));
}

HealthMetrics GradientMonitor::receive_first() {
  Readback readback = std::move(pending_.front());
  pending_.pop_front();
  const auto descriptions = std::exchange(readback.descriptions, nullptr);
  const auto* stats = static_cast<const TensorStats*>(readback.stats.data());
  received_global_ = stats[descriptions->records.size()];
  const std::span squares(static_cast<const double*>(readback.update_squares.data()),
                          static_cast<std::size_t>(readback.update_count));
  HealthMetrics metrics = metrics_of(descriptions->records, descriptions->networks,
                                     {stats, descriptions->records.size()}, squares.size());
  append_updates(descriptions->updates, squares, metrics.tensors);
  metrics.step = readback.step;
  idle_.push_back(std::move(readback));
  return metrics;
}

std::optional<HealthMetrics> GradientMonitor::poll() {
  if (pending_.empty() || !pending_.front().arrived.has_passed()) return std::nullopt;
  return receive_first();
}

std::optional<HealthMetrics> GradientMonitor::flush() {
  if (pending_.empty()) return std::nullopt;
  pending_.front().arrived.wait();
  return receive_first();
}

HealthMetrics GradientMonitor::inspect(std::span<const TensorView> views) {
  observe(views);
  std::vector<TensorStats> stats(views.size() + 1);
  copy_to_host(stream_, records_.data(), std::ssize(stats) * kRecordBytes, stats.data());
  received_global_ = stats.back();
  stats.pop_back();
  HealthMetrics metrics = metrics_of(descriptions_->records, descriptions_->networks, stats);
  if (options_.units) {
    metrics.units =
        layer_units(stream_, as_recorded(views, descriptions_->records), unit_workspace_);
    add_slices(views, kernel_slices(stream_, views, slice_workspace_), metrics.tensors);
  }
  return metrics;
}

}  // namespace gradvitals
